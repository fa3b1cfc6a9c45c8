import type { ConfigFacts } from '../../facts/config-facts.ts';
import { autoencoderFactor } from '../../models/autoencoder.ts';
import { unetStride } from '../../models/unet.ts';
import type { ModelConfigs } from '../../weights/model-configs.ts';
import { readScheduler } from '../stable-diffusion/configs.ts';
import { readXlConfigs } from './configs.ts';
import { textEncoders } from './layout.ts';

/** @throws Failure where a config asks for what is not built here */
export function stableDiffusionXlFacts(folder: ModelConfigs): ConfigFacts {
  const { unet, vae, text, projected } = readXlConfigs(folder.component);
  const latentFactor = autoencoderFactor(vae);
  return {
    resolution: unet.sampleSize * latentFactor,
    autoencoderResolution: vae.sampleSize,
    latentFactor,
    latentChannels: vae.latentChannels,
    pixelStep: latentFactor * unetStride(unet),
    prediction: readScheduler(folder).predictionType,
    textLayers: Math.min(text.layers, projected.layers),
    textWidth: text.hiddenSize + projected.hiddenSize,
    components: { denoiser: ['unet'], textEncoders, autoencoder: ['vae'] },
  };
}
