import type { Value } from '../graph/graph.ts';
import type { Inference } from '../models/inference.ts';
import { openPictureInference, type PictureInferenceOptions } from '../models/picture-inference.ts';
import type { Autoencoder } from './family.ts';

/** In pixels for an encoder, in latents for a decoder. */
interface Size {
  readonly height: number;
  readonly width: number;
}

/** `pictures` [1, 3, H, W] in [-1, 1] -> `mean` and `logVariance` of their latents, not scaled. */
export function openEncoder(
  { component, pictureChannels, encoder: stack, moments }: Autoencoder,
  { height, width }: Size,
  options: PictureInferenceOptions,
): Promise<Inference> {
  const shape = [pictureChannels, height, width] as const;
  const model = { component, stack, input: 'pictures', shape, results: (x: Value) => ({ ...moments(x) }) };
  return openPictureInference(model, options);
}

/** `latents` [1, c, h, w], not scaled -> `pictures`. */
export function openDecoder(
  { component, latentChannels, decoder: stack }: Autoencoder,
  { height, width }: Size,
  options: PictureInferenceOptions,
): Promise<Inference> {
  const shape = [latentChannels, height, width] as const;
  const model = { component, stack, input: 'latents', shape, results: (x: Value) => ({ pictures: x }) };
  return openPictureInference(model, options);
}
