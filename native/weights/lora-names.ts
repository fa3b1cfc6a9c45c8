/** How the LoRA files of different programs name the modules of a model. */

/** The modules of one component that a LoRA may be on. */
export interface LoraModules {
  /** As the model's folder calls it: `unet`, `text_encoder`. */
  readonly component: string;
  /** What kohya's keys begin with; the first is written. */
  readonly prefixes: readonly [string, ...string[]];
  /** Shapes of weights by paths of modules, without `.weight`: the only way back from kohya's underscores. */
  readonly shapes: ReadonlyMap<string, readonly number[]>;
  /** What the original code calls a module, where LoRA files may have that, as kohya's of SDXL do. */
  readonly originalName?: (path: string) => string;
}

/** The components of a model, the denoiser first: keys of older files that name no component are its. */
export type LoraLayout = readonly [LoraModules, ...LoraModules[]];

/** What a tensor is to its module. `mid` is the core of a convolution in Tucker's form, `magnitude` what makes it a DoRA. */
export type LoraPart = 'down' | 'up' | 'mid' | 'alpha' | 'magnitude';

/** Programs whose names there are. */
export type LoraNaming = 'kohya' | 'diffusers' | 'PEFT';

export interface LoraKey {
  /** The module as the file names it, dots as underscores: `lora_unet_mid_block_attentions_0_proj_in`. */
  readonly module: string;
  readonly part: LoraPart;
  /** Null for what more than one program calls so. */
  readonly naming: LoraNaming | null;
}

/** A module's name in kohya's files: `lora_unet_mid_block_attentions_0_proj_in`, of SDXL `lora_unet_middle_block_1_proj_in`. */
export function kohyaName(
  { prefixes, originalName }: Pick<LoraModules, 'prefixes' | 'originalName'>,
  module: string,
): string {
  return `${prefixes[0]}_${(originalName?.(module) ?? module).replaceAll('.', '_')}`;
}

/** A module's name in PEFT's files, as diffusers writes them: `unet.mid_block.attentions.0.proj_in`. */
export function peftName({ component, module }: FoundModule): string {
  return `${component}.${module}`;
}

const ends: readonly (readonly [end: RegExp, part: LoraPart, naming: LoraNaming | null])[] = [
  [/\.lora_down\.weight$/, 'down', 'kohya'],
  [/\.lora_up\.weight$/, 'up', 'kohya'],
  [/\.lora_mid\.weight$/, 'mid', 'kohya'],
  [/\.dora_scale$/, 'magnitude', 'kohya'],
  [/\.alpha$/, 'alpha', null],
  [/\.lora_A(?:\.default(?:_\d+)?)?\.weight$/, 'down', 'PEFT'],
  [/\.lora_B(?:\.default(?:_\d+)?)?\.weight$/, 'up', 'PEFT'],
  [/\.lora_magnitude_vector(?:\.default(?:_\d+)?)?(?:\.weight)?$/, 'magnitude', 'PEFT'],
  [/\.(?:lora|lora_linear_layer)\.down\.weight$/, 'down', 'diffusers'],
  [/\.(?:lora|lora_linear_layer)\.up\.weight$/, 'up', 'diffusers'],
];

/** Attentions in diffusers before 0.22: `….attn1.processor.to_q_lora.down.weight`, `….self_attn.to_q_lora.down.weight`. */
const olderAttention = /(\.processor|\.self_attn)\.to_(q|k|v|out)_lora\.(down|up)\.weight$/;

function olderModule(key: string, owner: string, projection: string): string {
  const path = key.replace(olderAttention, '');
  if (owner === '.self_attn') return `${path}.self_attn.${projection}_proj`;
  return `${path}.to_${projection === 'out' ? 'out.0' : projection}`;
}

/** What a key says of itself, whatever model it belongs to; null for what is no part of a LoRA. */
export function readLoraKey(key: string): LoraKey | null {
  const older = olderAttention.exec(key);
  if (older !== null) {
    const module = flat(olderModule(key, older[1]!, older[2]!));
    return { module, part: older[3] === 'down' ? 'down' : 'up', naming: 'diffusers' };
  }
  for (const [end, part, naming] of ends) {
    if (end.test(key)) return { module: flat(key.replace(end, '')), part, naming };
  }
  return null;
}

/** Dots as underscores, and without what PEFT wraps models in. */
function flat(name: string): string {
  return name.replace(/^base_model\.model\./, '').replaceAll('.', '_');
}

export interface FoundModule {
  readonly component: string;
  /** Its path, without `.weight`. */
  readonly module: string;
}

/** Finds modules of a model by whatever a file calls them, as `readLoraKey` gives it; null for none of the model's. */
export function moduleFinder(layout: LoraLayout): (module: string) => FoundModule | null {
  const found = new Map<string, FoundModule>();
  for (const [index, { component, prefixes, shapes, originalName }] of layout.entries()) {
    // LyCORIS wraps a single network under a name of its own, and older files of diffusers name no component.
    const starts = [...prefixes, component, ...(index === 0 ? ['lycoris'] : [])].map((start) => `${start}_`);
    if (index === 0) starts.push('');
    for (const path of shapes.keys()) {
      // transformers 5 names the modules of a CLIP text model without `text_model.`.
      const names = [path, path.replace(/^text_model\./, ''), ...(originalName ? [originalName(path)] : [])];
      for (const name of new Set(names.map(flat)))
        for (const start of starts)
          if (!found.has(start + name)) found.set(start + name, { component, module: path });
    }
  }
  return (module) => found.get(module) ?? null;
}
