import { Failure } from '../../failure.ts';
import { type AutoencoderConfig, readAutoencoderConfig } from '../../models/autoencoder.ts';
import { type ClipTextConfig, readClipTextConfig } from '../../models/clip-text.ts';
import { readUNetConfig, type UNetConfig } from '../../models/unet.ts';
import { parseSchedulerConfig, type SchedulerConfig } from '../../noise/scheduler-config.ts';
import type { ClipTokenizer } from '../../tokenizer/clip-tokenizer.ts';
import type { ComponentConfig, ModelConfigs } from '../../weights/model-configs.ts';

export interface StableDiffusionConfigs {
  readonly unet: UNetConfig;
  readonly vae: AutoencoderConfig;
  readonly text: ClipTextConfig;
}

/** @throws Failure where a config asks for what is not built here */
export function readConfigs(component: (name: string) => ComponentConfig): StableDiffusionConfigs {
  const read = <C>(name: string, reader: (config: unknown, source: string) => C): C => {
    const { config, source } = component(name);
    return reader(config, source);
  };
  const denoiser = read('unet', readUNetConfig);
  if (denoiser.addition !== null) {
    throw new Failure(
      'config-unsupported',
      `${component('unet').source}: the UNet is from Stable Diffusion XL, but the rest of the model is not.`,
      'Use the model as it was published.',
    );
  }
  return {
    unet: denoiser,
    vae: read('vae', readAutoencoderConfig),
    text: read('text_encoder', readClipTextConfig),
  };
}

/** @throws Failure `scheduler-config-field` */
export function readScheduler({
  scheduler,
  schedulerSource,
}: Pick<ModelConfigs, 'scheduler' | 'schedulerSource'>): SchedulerConfig {
  return parseSchedulerConfig(JSON.stringify(scheduler), schedulerSource);
}

/**
 * Parts of different models in one folder would fail deep inside a graph; here they are named.
 *
 * @throws Failure `model-mismatch`
 */
export function checkFit(
  path: string,
  { unet, vae, text }: StableDiffusionConfigs,
  tokenizer: ClipTokenizer,
): void {
  const mismatch = (message: string): Failure =>
    new Failure('model-mismatch', message, 'Use the model as it was published.');
  if (unet.crossAttentionDim !== text.hiddenSize) {
    throw mismatch(
      `The parts of ${path} do not fit: the UNet reads embeddings of ${unet.crossAttentionDim}, the text encoder makes ${text.hiddenSize}.`,
    );
  }
  if (unet.inChannels !== vae.latentChannels || unet.outChannels !== vae.latentChannels) {
    throw mismatch(
      `The parts of ${path} do not fit: the UNet takes ${unet.inChannels} and gives ${unet.outChannels} channels, the VAE has ${vae.latentChannels}.`,
    );
  }
  if (tokenizer.maxLength !== text.positions || tokenizer.vocabularySize > text.vocabularySize) {
    throw mismatch(
      `The tokenizer of ${path} gives ${tokenizer.maxLength} of ${tokenizer.vocabularySize} tokens; its text encoder ` +
        `takes ${text.positions} of ${text.vocabularySize}.`,
    );
  }
}
