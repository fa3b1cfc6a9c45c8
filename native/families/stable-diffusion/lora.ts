import type { AdapterModule, LoraPlace } from '../../facts/lora-shape.ts';
import { elementCount } from '../../graph/data-type.ts';
import type { InputParameters, InputParametersOptions } from '../../models/model-builder.ts';
import type { SchedulerConfig } from '../../noise/scheduler-config.ts';
import type { LoraLayout, LoraModules } from '../../weights/lora-names.ts';
import type { AdaptedModule, AdapterTargets } from '../family.ts';
import { buildDenoiser, buildTextEncoder } from './build.ts';
import type { StableDiffusionConfigs } from './configs.ts';

type Configs = Pick<StableDiffusionConfigs, 'unet' | 'text'>;

/** What LoRAs of a model are on and how their files say so. */
export function adapterTargets(configs: Configs, scheduler: SchedulerConfig): AdapterTargets {
  let layout: LoraLayout | null = null;
  return {
    takes: takesAdapter,
    placeOf: adapterPlace,
    layout: () => (layout ??= loraLayout(configs)),
    metadata: metadata(),
  };

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

/** What LoCon adds, as kohya's and LyCORIS' do: residual blocks and what changes the size. */
const convolutional =
  /\.resnets\.\d+\.(?:conv1|conv2|conv_shortcut|time_emb_proj)$|\.(?:down|up)samplers\.\d+\.conv$/;

/** Where a module that may take an adapter is in the model. */
export function adapterPlace(component: string, { path, kernel }: AdaptedModule): LoraPlace | null {
  const isWide = kernel.some((extent) => extent > 1);
  if (component !== 'unet')
    return takesAdapter(component, path) ? { block: 'textEncoder', kind: 'attention', isWide } : null;
  const kind = takesAdapter(component, path) ? 'attention' : convolutional.test(path) ? 'convolution' : null;
  const block = path.startsWith('down_blocks.') ? 'down' : path.startsWith('mid_block.') ? 'mid' : 'up';
  return kind && { block, kind, isWide };
}

/** Notes every module that may take an adapter in `found`, as the model is built. */
export function noteAdapters(component: string, found: AdapterModule[]): InputParametersOptions {
  return {
    prefix: `${component}.`,
    adapter: (module) => {
      const place = adapterPlace(component, module);
      const { inFeatures, outFeatures, kernel } = module;
      const inputs = inFeatures * elementCount(kernel);
      if (place) found.push({ component, ...place, inputs, outputs: outFeatures });
      return null;
    },
  };
}

/** The modules that training may adapt. */
export function adapterModules(configs: Configs): readonly AdapterModule[] {
  const found: AdapterModule[] = [];
  build(configs, (component) => noteAdapters(component, found));
  return found;
}

/** Builds the models for what there is to know of them. */
function build(
  configs: Configs,
  options: (component: string) => InputParametersOptions = (component) => ({ prefix: `${component}.` }),
): { readonly unet: InputParameters; readonly text: InputParameters } {
  return {
    unet: buildDenoiser(configs.unet, options('unet')),
    text: buildTextEncoder(configs.text, options('text_encoder')),
  };
}
