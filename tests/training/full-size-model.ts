import { usualWay } from '../../native/families/clip-reading.ts';
import type { Denoiser, OpenModel } from '../../native/families/family.ts';
import { adapterPlace, takesAdapter } from '../../native/families/stable-diffusion/lora.ts';
import { unetDenoiser } from '../../native/families/stable-diffusion/parts.ts';
import { xlDenoiser } from '../../native/families/stable-diffusion-xl/parts.ts';
import { readUNetConfig, type UNetConfig } from '../../native/models/unet.ts';
import { statesAlone } from './tiny-model.ts';

/** Of a UNet by its config: XL is told of pictures besides. */
export function denoiserOf(config: UNetConfig): Denoiser {
  const { addition } = config;
  return addition === null ? unetDenoiser(config) : xlDenoiser({ ...config, addition });
}

/** Stable Diffusion XL's UNet takes whole texts too, and is told of pictures. */
export function conditioningOf(
  { crossAttentionDim, addition }: UNetConfig,
  tokens: number,
): ReturnType<typeof statesAlone> {
  const alone = statesAlone(tokens, crossAttentionDim);
  if (addition === null) return alone;
  return {
    ...alone,
    states: { ...alone.states, text_embeds: { type: 'float32', shape: [addition.textSize] } },
    facts: { time_ids: { type: 'float32', shape: [addition.facts] } },
  };
}

/**
 * What a plan of memory asks of an open model, of a UNet alone by its config.json, parsed: there are no files of it.
 * @param held what its frozen weights are held in
 */
export function unetAlone(config: object, held: 'float32' | 'float16'): OpenModel {
  const unet = readUNetConfig(config);
  return {
    denoiser: denoiserOf(unet),
    conditioning: { ...conditioningOf(unet, 77), way: usualWay },
    noise: { predictionType: 'epsilon' },
    autoencoder: { factor: 8, latentChannels: 4 },
    adapters: { takes: takesAdapter, placeOf: adapterPlace },
    components: new Map(),
    configFiles: [config, { held }],
    weightType: () => held,
  } as unknown as OpenModel;
}
