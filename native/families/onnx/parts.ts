import type { Value } from '../../graph/graph.ts';
import { concat, expand, reshape } from '../../graph/ops/shape.ts';
import {
  type ClipTextConfig,
  type ProjectedClipTextConfig,
  projection,
  textStates,
} from '../../models/clip-text.ts';
import type { ModelBuilder } from '../../models/model-builder.ts';
import type { Autoencoder, Conditioning, Denoiser } from '../family.ts';
import type { OnnxPart, OnnxPipeline, OnnxText } from './pipeline.ts';

/** The graphs besides those of texts. */
export function graphParts({
  autoencoder,
  conditioning,
  denoiser,
}: {
  readonly autoencoder: Autoencoder;
  readonly conditioning: Conditioning;
  readonly denoiser: Denoiser;
}): Pick<OnnxPipeline, 'unet' | 'encoder' | 'decoder'> {
  return {
    unet: unetPart(denoiser, conditioning),
    encoder: encoderPart(autoencoder),
    decoder: decoderPart(autoencoder),
  };
}

/** @param hidden whether what the layers read is given, too, as pipelines of Stable Diffusion XL want it */
export function textPart(folder: string, config: ClipTextConfig, hidden: boolean): OnnxText {
  return textOf(folder, config, hidden, (_, { last, atEnd }) => ({
    last_hidden_state: last,
    pooler_output: atEnd,
  }));
}

/** A text encoder that sums a whole text up in one vector, too. */
export function projectedTextPart(folder: string, config: ProjectedClipTextConfig): OnnxText {
  const part = textOf(folder, config, true, (model, { last, atEnd }) => ({
    text_embeds: projection(model, config, atEnd),
    last_hidden_state: last,
  }));
  return { ...part, whole: 'text_embeds' };
}

function textOf(
  folder: string,
  config: ClipTextConfig,
  hidden: boolean,
  outputsOf: (model: ModelBuilder, states: ReturnType<typeof textStates>) => Readonly<Record<string, Value>>,
): OnnxText {
  return {
    folder,
    component: folder,
    className: 'ORTTextEncoder',
    free: [{ name: 'batch_size', input: 'input_ids', axis: 0, multiple: 1 }],
    halfProducts: true,
    tokens: folder.replace('text_encoder', 'input_ids'),
    states: hidden ? `hidden_states.${config.layers - 1}` : 'last_hidden_state',
    whole: null,
    build: (model, graph, [n]) => {
      const states = textStates(model, config, graph.input('input_ids', 'int64', [n!, config.positions]));
      const layers = states.hidden.map((state, i) => [`hidden_states.${i}`, state] as const);
      return { ...outputsOf(model, states), ...(hidden && Object.fromEntries(layers)) };
    },
  };
}

/** The denoiser, which is told one timestep for all rows. */
function unetPart({ component, channels, stride, predict }: Denoiser, conditioning: Conditioning): OnnxPart {
  const { states, facts } = conditioning;
  const stateSize = states.encoder_hidden_states!.shape[1]!;
  return {
    folder: 'unet',
    component,
    className: 'ORTUnet',
    free: [
      { name: 'batch_size', input: 'sample', axis: 0, multiple: 1 },
      { name: 'height', input: 'sample', axis: 2, multiple: stride },
      { name: 'width', input: 'sample', axis: 3, multiple: stride },
      { name: 'sequence_length', input: 'encoder_hidden_states', axis: 1, multiple: 1 },
    ],
    halfProducts: true,
    build: (model, graph, [n, height, width, tokens]) => {
      const sample = graph.input('sample', 'float32', [n!, channels, height!, width!]);
      const timestep = graph.input('timestep', 'float32', []);
      const told = Object.entries({ ...states, ...facts }).map(([name, { type, shape }]) => {
        const extents = name === 'encoder_hidden_states' ? [tokens!, stateSize] : shape;
        return [name, graph.input(name, type, [n!, ...extents])] as const;
      });
      const timesteps = expand(reshape(timestep, [1]), [n!]);
      return { out_sample: predict(model, { sample, timesteps, conditioning: Object.fromEntries(told) }) };
    },
  };
}

function encoderPart({ component, pictureChannels, factor, encode }: Autoencoder): OnnxPart {
  return {
    folder: 'vae_encoder',
    component,
    className: 'ORTVaeEncoder',
    free: [
      { name: 'batch_size', input: 'sample', axis: 0, multiple: 1 },
      { name: 'sample_height', input: 'sample', axis: 2, multiple: factor },
      { name: 'sample_width', input: 'sample', axis: 3, multiple: factor },
    ],
    // There are autoencoders whose numbers float16 has not.
    halfProducts: false,
    build: (model, graph, [n, height, width]) => {
      const sample = graph.input('sample', 'float32', [n!, pictureChannels, height!, width!]);
      const { mean, logVariance } = encode(model, sample);
      return { latent_parameters: concat([mean, logVariance], 1) };
    },
  };
}

function decoderPart({ component, latentChannels, decode }: Autoencoder): OnnxPart {
  return {
    folder: 'vae_decoder',
    component,
    className: 'ORTVaeDecoder',
    free: [
      { name: 'batch_size', input: 'latent_sample', axis: 0, multiple: 1 },
      { name: 'latent_height', input: 'latent_sample', axis: 2, multiple: 1 },
      { name: 'latent_width', input: 'latent_sample', axis: 3, multiple: 1 },
    ],
    halfProducts: false,
    build: (model, graph, [n, height, width]) => ({
      sample: decode(model, graph.input('latent_sample', 'float32', [n!, latentChannels, height!, width!])),
    }),
  };
}
