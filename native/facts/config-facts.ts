import type { ModelPart, TrainingMethod } from './methods.ts';
import { trainedParts } from './methods.ts';

/** What a model's output means: the noise, or the velocity of Salimans and Ho (2022), section 2.4. */
export const predictionTypes = ['epsilon', 'v_prediction'] as const;
export type PredictionType = (typeof predictionTypes)[number];

/** What the configs of a model say of it. */
export interface ConfigFacts {
  /** Side in pixels of the square pictures that it was made for, and that its autoencoder was. */
  readonly resolution: number;
  readonly autoencoderResolution: number;
  /** Pixels to one latent along a side. */
  readonly latentFactor: number;
  readonly latentChannels: number;
  /** Sides of the pictures it is trained on are multiples of this: the latent factor times what the denoiser halves. */
  readonly pixelStep: number;
  readonly prediction: PredictionType;
  /** Layers of the text encoder, of several of the one that has the fewest: no clip skip goes beyond. */
  readonly textLayers: number;
  /** Numbers of a token's vector, of several text encoders of all together. */
  readonly textWidth: number;
  /** Names of the components that each part consists of. */
  readonly components: Readonly<Record<ModelPart, readonly string[]>>;
}

export interface TrainingSize {
  /** Side in pixels of the square pictures to train on where nobody chose. */
  readonly resolution: number;
  /** Sides are multiples of this. */
  readonly pixelStep: number;
}

/** Sizes for a method: where the autoencoder is trained, it is alone and its own count. */
export function trainingSize(facts: ConfigFacts, method: TrainingMethod): TrainingSize {
  const { resolution, autoencoderResolution, latentFactor, pixelStep } = facts;
  return trainedParts(method).includes('autoencoder')
    ? { resolution: autoencoderResolution, pixelStep: latentFactor }
    : { resolution, pixelStep };
}

/** Names of the components that a method trains. */
export function trainedComponents(
  { components }: Pick<ConfigFacts, 'components'>,
  method: TrainingMethod,
): readonly string[] {
  return trainedParts(method).flatMap((part) => components[part]);
}
