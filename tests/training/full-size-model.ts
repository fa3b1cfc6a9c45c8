import { usualWay } from '../../native/families/clip-reading.ts';
import type { OpenModel } from '../../native/families/family.ts';
import { adapterPlace, takesAdapter } from '../../native/families/stable-diffusion/lora.ts';
import { unetDenoiser } from '../../native/families/stable-diffusion/parts.ts';
import { xlDenoiser } from '../../native/families/stable-diffusion-xl/parts.ts';
import { readUNetConfig } from '../../native/models/unet.ts';
import { statesAlone } from './tiny-model.ts';

/**
 * What a plan of memory asks of an open model, of a UNet alone by its config.json, parsed: there are no files of it.
 * @param held what its frozen weights are held in
 */
export function unetAlone(config: object, held: 'float32' | 'float16'): OpenModel {
  const unet = readUNetConfig(config);
  const { addition } = unet;
  const states = statesAlone(77, unet.crossAttentionDim);
  return {
    denoiser: addition === null ? unetDenoiser(unet) : xlDenoiser({ ...unet, addition }),
    conditioning: {
      ...states,
      ...(addition && {
        states: { ...states.states, text_embeds: { type: 'float32', shape: [addition.textSize] } },
        facts: { time_ids: { type: 'float32', shape: [addition.facts] } },
      }),
      way: usualWay,
    },
    noise: { predictionType: 'epsilon' },
    autoencoder: { factor: 8, latentChannels: 4 },
    adapters: { takes: takesAdapter, placeOf: adapterPlace },
    components: new Map(),
    configFiles: [config, { held }],
    weightType: () => held,
  } as unknown as OpenModel;
}
