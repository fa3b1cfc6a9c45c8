import type { AdaptableModule, InputParameters, InputParametersOptions } from '../../models/model-builder.ts';
import type { SchedulerConfig } from '../../noise/scheduler-config.ts';
import type { LoraLayout, LoraModules } from '../../weights/lora-names.ts';
import type { AdapterTargets } from '../family.ts';
import { buildDenoiser, buildTextEncoder } from './build.ts';
import type { StableDiffusionConfigs } from './configs.ts';

type Configs = Pick<StableDiffusionConfigs, 'unet' | 'text'>;

/** What LoRAs of a model are on and how their files say so. */
export function adapterTargets(configs: Configs, scheduler: SchedulerConfig): AdapterTargets {
  let layout: LoraLayout | null = null;
  return { takes: takesAdapter, layout: () => (layout ??= loraLayout(configs)), metadata: metadata() };

  function metadata(): Readonly<Record<string, string>> {
    // 1024 is the width of SD 2.x's text encoder. Without a word a LoRA is taken for one of SD 1.x.
    if (configs.unet.crossAttentionDim !== 1024) return {};
    const velocity = scheduler.predictionType === 'v_prediction';
    return {
      ss_v2: 'True',
      ss_base_model_version: velocity ? 'sd_v2_v' : 'sd_v2',
      'modelspec.architecture': velocity ? 'stable-diffusion-v2-768-v/lora' : 'stable-diffusion-v2-512/lora',
    };
  }
}

/** kohya's default targets: every linear layer and 1x1 convolution of the transformers, attention and MLP of CLIP. */
export function takesAdapter(component: string, module: string): boolean {
  return component === 'unet' ? module.includes('.attentions.') : module.includes('.layers.');
}

/** Every module with a weight of two or more axes, found by building the models. */
export function loraLayout(configs: Configs): LoraLayout {
  const models = build(configs);
  const shapes = ({ parameters }: InputParameters): LoraModules['shapes'] =>
    new Map(
      parameters.flatMap(({ key, shape }) =>
        shape.length > 1 ? [[key.replace(/\.weight$/, ''), shape]] : [],
      ),
    );
  return [
    { component: 'unet', prefixes: ['lora_unet'], shapes: shapes(models.unet) },
    { component: 'text_encoder', prefixes: ['lora_te', 'lora_te1'], shapes: shapes(models.text) },
  ];
}

/** Weights of a LoRA of rank 1, by component: a row of its module's inputs and a column of its outputs for each. */
export function adapterSizes(configs: Configs): Readonly<Record<string, number>> {
  const sizes: Record<string, number> = {};
  build(configs, (component, { path, inFeatures, outFeatures }) => {
    if (takesAdapter(component, path)) sizes[component] = (sizes[component] ?? 0) + inFeatures + outFeatures;
  });
  return sizes;
}

/** Builds the models for what there is to know of them; `meet` is told of every module that may take an adapter. */
function build(
  configs: Configs,
  meet: (component: string, module: AdaptableModule) => void = () => undefined,
): { readonly unet: InputParameters; readonly text: InputParameters } {
  const options = (component: string): InputParametersOptions => ({
    prefix: `${component}.`,
    adapter: (module) => {
      meet(component, module);
      return null;
    },
  });
  return {
    unet: buildDenoiser(configs.unet, options('unet')),
    text: buildTextEncoder(configs.text, options('text_encoder')),
  };
}
