import { Failure } from '../../failure.ts';
import { type AutoencoderConfig, readAutoencoderConfig } from '../../models/autoencoder.ts';
import {
  type ClipTextConfig,
  type ProjectedClipTextConfig,
  readClipTextConfig,
  readProjectedClipTextConfig,
} from '../../models/clip-text.ts';
import { readUNetConfig, type UNetAddition, type UNetConfig } from '../../models/unet.ts';
import type { ClipTokenizer } from '../../tokenizer/clip-tokenizer.ts';
import type { ComponentConfig, ModelConfigs } from '../../weights/model-configs.ts';

export interface XlUNetConfig extends UNetConfig {
  readonly addition: UNetAddition;
}

export interface XlConfigs {
  readonly unet: XlUNetConfig;
  readonly vae: AutoencoderConfig;
  readonly text: ClipTextConfig;
  readonly projected: ProjectedClipTextConfig;
}

/** @throws Failure where the config asks for what is not built here */
export function readXlUNetConfig(config: unknown, source: string): XlUNetConfig {
  const unet = readUNetConfig(config, source);
  const { addition } = unet;
  if (addition !== null) return { ...unet, addition };
  throw new Failure(
    'config-unsupported',
    `${source}: "addition_embed_type" is not "text_time", as it is in Stable Diffusion XL.`,
    'Use the model as it was published.',
  );
}

/** @throws Failure where a config asks for what is not built here */
export function readXlConfigs(component: (name: string) => ComponentConfig): XlConfigs {
  const read = <C>(name: string, reader: (config: unknown, source: string) => C): C => {
    const { config, source } = component(name);
    return reader(config, source);
  };
  return {
    unet: read('unet', readXlUNetConfig),
    vae: read('vae', readAutoencoderConfig),
    text: read('text_encoder', readClipTextConfig),
    projected: read('text_encoder_2', readProjectedClipTextConfig),
  };
}

/** Whether a prompt that is not given stands for zeros instead of an empty text: `force_zeros_for_empty_prompt`, by default true. */
export function zerosWithoutPrompt({ index }: Pick<ModelConfigs, 'index'>): boolean {
  return index.force_zeros_for_empty_prompt !== false;
}

/**
 * Parts of different models in one folder would fail deep inside a graph; here they are named.
 *
 * @throws Failure `model-mismatch`; `model-unsupported` for a refiner
 */
export function checkFit(
  { path, index }: Pick<ModelConfigs, 'path' | 'index'>,
  { unet, vae, text, projected }: XlConfigs,
  tokenizers: readonly [ClipTokenizer, ClipTokenizer],
): void {
  if (index.requires_aesthetics_score === true) {
    throw new Failure(
      'model-unsupported',
      `${path} is the refiner of Stable Diffusion XL, which cannot be used here.`,
      'Choose the base model.',
    );
  }
  const mismatch = (what: string): Failure =>
    new Failure(
      'model-mismatch',
      `The parts of ${path} do not fit: ${what}.`,
      'Use the model as it was published.',
    );
  const width = text.hiddenSize + projected.hiddenSize;
  if (unet.crossAttentionDim !== width)
    throw mismatch(
      `the UNet reads embeddings of ${unet.crossAttentionDim}, the text encoders together make ${width}`,
    );
  if (unet.addition.textSize !== projected.projectionSize)
    throw mismatch(
      `the UNet takes whole texts as ${unet.addition.textSize} numbers, the second text encoder gives ${projected.projectionSize}`,
    );
  if (text.positions !== projected.positions)
    throw mismatch(
      `the text encoders read ${text.positions} and ${projected.positions} tokens, which have to be as many`,
    );
  if (unet.inChannels !== vae.latentChannels || unet.outChannels !== vae.latentChannels)
    throw mismatch(
      `the UNet takes ${unet.inChannels} and gives ${unet.outChannels} channels, the VAE has ${vae.latentChannels}`,
    );
  for (const [i, encoder] of [text, projected].entries()) {
    const { maxLength, vocabularySize } = tokenizers[i]!;
    if (maxLength !== encoder.positions || vocabularySize > encoder.vocabularySize)
      throw mismatch(
        `tokenizer ${i + 1} gives ${maxLength} of ${vocabularySize} tokens, its text encoder takes ` +
          `${encoder.positions} of ${encoder.vocabularySize}`,
      );
  }
}
