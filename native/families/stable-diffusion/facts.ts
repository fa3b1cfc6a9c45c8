import type { ConfigFacts } from '../../facts/config-facts.ts';
import { autoencoderFactor } from '../../models/autoencoder.ts';
import { unetStride } from '../../models/unet.ts';
import type { ModelConfigs } from '../../weights/model-configs.ts';
import { readConfigs, readScheduler } from './configs.ts';

/** @throws Failure where a config asks for what is not built here */
export function stableDiffusionFacts(folder: ModelConfigs): ConfigFacts {
  const { unet, vae, text } = readConfigs(folder.component);
  const latentFactor = autoencoderFactor(vae);
  return {
    resolution: unet.sampleSize * latentFactor,
    autoencoderResolution: vae.sampleSize,
    latentFactor,
    latentChannels: vae.latentChannels,
    pixelStep: latentFactor * unetStride(unet),
    prediction: readScheduler(folder).predictionType,
    textLayers: text.layers,
    textWidth: text.hiddenSize,
    components: { denoiser: ['unet'], textEncoders: ['text_encoder'], autoencoder: ['vae'] },
  };
}
