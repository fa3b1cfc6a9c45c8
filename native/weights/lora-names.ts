/** How the LoRA files of different programs name the modules of a model. */

/** The modules of one component that a LoRA may be on. */
export interface LoraModules {
  /** As the model's folder calls it: `unet`, `text_encoder`. */
  readonly component: string;
  /** What kohya's keys begin with; the first is written. */
  readonly prefixes: readonly [string, ...string[]];
  /** Paths of modules, without `.weight`: the only way back from kohya's underscores. */
  readonly paths: readonly string[];
}

/** The components of a model, the denoiser first: keys of older files that name no component are its. */
export type LoraLayout = readonly [LoraModules, ...LoraModules[]];

export interface LoraKey {
  readonly component: string;
  readonly module: string;
  readonly part: 'down' | 'up' | 'alpha';
}

export type ReadKey = (key: string) => LoraKey | null;

const kohyaParts: Readonly<Record<string, LoraKey['part']>> = {
  'lora_down.weight': 'down',
  'lora_up.weight': 'up',
  alpha: 'alpha',
};

/** A module's name in kohya's files: `lora_unet_mid_block_attentions_0_proj_in`. */
export function kohyaName({ prefixes }: Pick<LoraModules, 'prefixes'>, module: string): string {
  return `${prefixes[0]}_${module.replaceAll('.', '_')}`;
}

/** Reads kohya's keys: `lora_te_text_model_encoder_layers_0_mlp_fc1.lora_down.weight`. */
function kohyaReader(layout: LoraLayout): ReadKey {
  const modules = new Map<string, { component: string; module: string }>();
  for (const { component, prefixes, paths } of layout) {
    for (const prefix of prefixes)
      for (const module of paths)
        modules.set(kohyaName({ prefixes: [prefix] }, module), { component, module });
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
function diffusersReader(layout: LoraLayout): ReadKey {
  const known = layout.map(({ component, paths }) => ({ component, paths: new Set(paths) }));
  const find = (path: string): Omit<LoraKey, 'part'> | null => {
    const bare = path.replace(/^base_model\.model\./, '');
    const { component, paths } =
      known.find((candidate) => bare.startsWith(`${candidate.component}.`)) ?? known[0]!;
    const module = bare.startsWith(`${component}.`) ? bare.slice(component.length + 1) : bare;
    // transformers 5 names the modules of a CLIP text model without `text_model.`.
    const found = [module, `text_model.${module}`].find((name) => paths.has(name));
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
export function keyReader(layout: LoraLayout): ReadKey {
  const readers = [kohyaReader(layout), diffusersReader(layout)];
  return (key) => {
    for (const read of readers) {
      const found = read(key);
      if (found !== null) return found;
    }
    return null;
  };
}
