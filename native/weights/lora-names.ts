/** How the LoRA files of different programs name the modules of a Stable Diffusion model. */

export const loraComponents = ['unet', 'text_encoder'] as const;
export type LoraComponent = (typeof loraComponents)[number];

/** Paths of the modules a component has, without `.weight`: the only way back from kohya's underscores. */
export type ModulePaths = Readonly<Record<LoraComponent, readonly string[]>>;

export interface LoraKey {
  readonly component: LoraComponent;
  readonly module: string;
  readonly part: 'down' | 'up' | 'alpha';
}

export type ReadKey = (key: string) => LoraKey | null;

const kohyaPrefixes: Readonly<Record<string, LoraComponent>> = {
  lora_unet: 'unet',
  lora_te: 'text_encoder',
  lora_te1: 'text_encoder',
};

const kohyaParts: Readonly<Record<string, LoraKey['part']>> = {
  'lora_down.weight': 'down',
  'lora_up.weight': 'up',
  alpha: 'alpha',
};

/** A module's name in kohya's files: `lora_unet_mid_block_attentions_0_proj_in`. */
export function kohyaName(component: LoraComponent, module: string): string {
  const prefix = component === 'unet' ? 'lora_unet' : 'lora_te';
  return `${prefix}_${module.replaceAll('.', '_')}`;
}

/** Reads kohya's keys: `lora_te_text_model_encoder_layers_0_mlp_fc1.lora_down.weight`. */
function kohyaReader(paths: ModulePaths): ReadKey {
  const modules = new Map<string, { component: LoraComponent; module: string }>();
  for (const [prefix, component] of Object.entries(kohyaPrefixes)) {
    for (const module of paths[component])
      modules.set(`${prefix}_${module.replaceAll('.', '_')}`, { component, module });
  }
  return (key) => {
    const dot = key.indexOf('.');
    const part = kohyaParts[key.slice(dot + 1)];
    const module = modules.get(key.slice(0, Math.max(dot, 0)));
    return part === undefined || module === undefined ? null : { ...module, part };
  };
}

const diffusersParts: readonly (readonly [suffix: RegExp, part: LoraKey['part']])[] = [
  [/\.(?:lora\.down|lora_linear_layer\.down|lora_A|lora_A\.default|lora_down)\.weight$/, 'down'],
  [/\.(?:lora\.up|lora_linear_layer\.up|lora_B|lora_B\.default|lora_up)\.weight$/, 'up'],
  [/\.alpha$/, 'alpha'],
];

/** The attention processors of diffusers before 0.22: `….attn1.processor.to_q_lora.down.weight`. */
const processor = /\.processor\.(to_q|to_k|to_v|to_out)_lora\.(down|up)\.weight$/;

/** Reads diffusers' and PEFT's keys: `unet.mid_block.attentions.0.proj_in.lora_A.weight`. */
function diffusersReader(paths: ModulePaths): ReadKey {
  const known = { unet: new Set(paths.unet), text_encoder: new Set(paths.text_encoder) };
  const find = (path: string): Omit<LoraKey, 'part'> | null => {
    const bare = path.replace(/^base_model\.model\./, '');
    const component = bare.startsWith('text_encoder.') ? 'text_encoder' : 'unet';
    const module = bare.replace(/^(?:unet|text_encoder)\./, '');
    // transformers 5 names the modules of a CLIP text model without `text_model.`.
    const names = [module, `text_model.${module}`];
    const found = names.find((name) => known[component].has(name));
    return found === undefined ? null : { component, module: found };
  };
  return (key) => {
    const old = processor.exec(key);
    if (old !== null) {
      const projection = old[1] === 'to_out' ? 'to_out.0' : old[1]!;
      const module = find(`${key.slice(0, old.index)}.${projection}`);
      return module === null ? null : { ...module, part: old[2] === 'down' ? 'down' : 'up' };
    }
    for (const [suffix, part] of diffusersParts) {
      if (!suffix.test(key)) continue;
      const module = find(key.replace(suffix, ''));
      if (module !== null) return { ...module, part };
    }
    return null;
  };
}

/** Reads the keys of any of these programs; null for a key of no known module. */
export function keyReader(paths: ModulePaths): ReadKey {
  const readers = [kohyaReader(paths), diffusersReader(paths)];
  return (key) => {
    for (const read of readers) {
      const found = read(key);
      if (found !== null) return found;
    }
    return null;
  };
}
