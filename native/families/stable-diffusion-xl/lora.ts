import type { AdapterModule } from '../../facts/lora-shape.ts';
import type { InputParameters } from '../../models/model-builder.ts';
import type { LoraLayout, LoraModules } from '../../weights/lora-names.ts';
import type { AdapterTargets } from '../family.ts';
import { buildTextEncoder } from '../stable-diffusion/build.ts';
import { adapterPlace, noteAdapters, takesAdapter } from '../stable-diffusion/lora.ts';
import { ldmUNetName } from '../stable-diffusion/single-file/ldm-names.ts';
import { buildProjectedTextEncoder, buildXlDenoiser } from './build.ts';
import type { XlConfigs } from './configs.ts';

type Configs = Pick<XlConfigs, 'unet' | 'text' | 'projected'>;

/** What LoRAs of a model are on and how their files say so. */
export function xlAdapterTargets(configs: Configs): AdapterTargets {
  let layout: LoraLayout | null = null;
  return {
    takes: takesAdapter,
    placeOf: adapterPlace,
    layout: () => (layout ??= xlLoraLayout(configs)),
    metadata: {
      ss_base_model_version: 'sdxl_base_v1-0',
      'modelspec.architecture': 'stable-diffusion-xl-v1-base/lora',
    },
  };
}

/** Every module with a weight of two or more axes; kohya calls those of the UNet as the original code does. */
export function xlLoraLayout({ unet, text, projected }: Configs): LoraLayout {
  const shapes = ({ parameters }: InputParameters): LoraModules['shapes'] =>
    new Map(
      parameters.flatMap(({ key, shape }) =>
        shape.length > 1 ? [[key.replace(/\.weight$/, ''), shape]] : [],
      ),
    );
  return [
    {
      component: 'unet',
      prefixes: ['lora_unet'],
      shapes: shapes(buildXlDenoiser(unet)),
      originalName: (path) => ldmUNetName(`${path}.weight`, unet).replace(/\.weight$/, ''),
    },
    { component: 'text_encoder', prefixes: ['lora_te1'], shapes: shapes(buildTextEncoder(text)) },
    {
      component: 'text_encoder_2',
      prefixes: ['lora_te2'],
      shapes: shapes(buildProjectedTextEncoder(projected)),
    },
  ];
}

/** The modules that training may adapt: the first text encoder's last layer is not read. */
export function xlAdapterModules({ unet, text, projected }: Configs): readonly AdapterModule[] {
  const found: AdapterModule[] = [];
  buildXlDenoiser(unet, noteAdapters('unet', found));
  buildTextEncoder({ ...text, layers: text.layers - 1 }, noteAdapters('text_encoder', found));
  buildProjectedTextEncoder(projected, noteAdapters('text_encoder_2', found));
  return found;
}
