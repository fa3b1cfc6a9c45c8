/**
 * LoRA files (Hu et al. 2021): written with kohya's keys, which A1111, ComfyUI and diffusers read; read with kohya's,
 * diffusers' or PEFT's.
 */
import { Failure } from '../failure.ts';
import type { JsonObject } from '../files/json-file.ts';
import { isJsonObject } from '../files/json-file.ts';
import type { LoraKey, LoraLayout } from './lora-names.ts';
import { keyReader, kohyaName } from './lora-names.ts';
import type { TensorToWrite } from './safetensors.ts';
import { hashTensorData, openSafetensors, writeSafetensors } from './safetensors.ts';
import type { TensorFile } from './tensor-file.ts';

/** One adapted module: its weight gains `alpha / rank * up · down`. */
export interface LoraModule {
  readonly component: string;
  /** State-dict path without `.weight`: `mid_block.attentions.0.transformer_blocks.0.attn1.to_out.0`. */
  readonly module: string;
  readonly rank: number;
  readonly alpha: number;
  /** Height and width of a convolution's kernel, `[]` for a linear module. `proj_in` of SD 1.x is a 1x1 convolution. */
  readonly kernel: readonly number[];
  /** [rank, in, ...kernel] */
  readonly down: Float32Array<ArrayBuffer>;
  /** [out, rank], for a convolution [out, rank, 1, 1] */
  readonly up: Float32Array<ArrayBuffer>;
}

export interface LoraFile {
  readonly modules: readonly LoraModule[];
  readonly metadata: Readonly<Record<string, string>>;
}

function tensorsOf(
  modules: readonly LoraModule[],
  layout: LoraLayout,
  precision: 'float32' | 'float16',
): TensorToWrite[] {
  const dtype = precision === 'float16' ? 'F16' : 'F32';
  return modules.flatMap(({ component, module, rank, alpha, kernel, down, up }) => {
    const name = kohyaName(
      layout.find((own) => own.component === component)!,
      module,
    );
    const inputs = down.length / kernel.reduce((product, extent) => product * extent, rank);
    const ones = kernel.map(() => 1);
    return [
      { name: `${name}.lora_down.weight`, dtype, shape: [rank, inputs, ...kernel], data: down },
      { name: `${name}.lora_up.weight`, dtype, shape: [up.length / rank, rank, ...ones], data: up },
      { name: `${name}.alpha`, dtype, shape: [], data: Float32Array.of(alpha) },
    ];
  });
}

/** A value all modules share, or `Dynamic`, as kohya's tools write where they do not. */
function shared(values: readonly number[]): string {
  return new Set(values).size === 1 ? String(values[0]) : 'Dynamic';
}

/**
 * Writes a LoRA with kohya's keys and no tensor besides. `metadata` goes over what is derived from the modules
 * (`ss_network_dim`, `ss_network_alpha`, …, `sshs_model_hash`); for an SD 2.x base it must say `ss_v2: 'True'` and
 * `ss_base_model_version`.
 *
 * @throws Failure `write-failed`
 */
export async function writeKohyaLora(
  path: string,
  modules: readonly LoraModule[],
  layout: LoraLayout,
  precision: 'float32' | 'float16',
  metadata: Readonly<Record<string, string>>,
): Promise<void> {
  const tensors = tensorsOf(modules, layout, precision);
  const outputName = path.replace(/^.*[/\\]/, '').replace(/\.safetensors$/, '');
  await writeSafetensors(path, tensors, {
    'modelspec.architecture': 'stable-diffusion-v1/lora',
    'modelspec.sai_model_spec': '1.0.1',
    'modelspec.title': outputName,
    ss_base_model_version: 'sd_v1',
    ss_network_alpha: shared(modules.map(({ alpha }) => alpha)),
    ss_network_args: '{}',
    ss_network_dim: shared(modules.map(({ rank }) => rank)),
    ss_network_module: 'networks.lora',
    ss_output_name: outputName,
    ss_v2: 'False',
    ...metadata,
    sshs_model_hash: await hashTensorData(tensors),
  });
}

function invalid(path: string, what: string): Failure {
  return new Failure(
    'lora-invalid',
    `${path} cannot be used as a LoRA: ${what}`,
    'Choose a LoRA made for this kind of model, in kohya’s or diffusers’ format.',
  );
}

/** What PEFT notes of a component's adapters in a file that diffusers saved, under `lora_adapter_metadata`. */
function adapterNotes(file: TensorFile): (component: string, key: string) => unknown {
  const text = file.metadata.get('lora_adapter_metadata');
  let notes: JsonObject = {};
  try {
    const parsed: unknown = text === undefined ? {} : JSON.parse(text);
    if (isJsonObject(parsed)) notes = parsed;
  } catch (error) {
    throw new Failure(
      'lora-invalid',
      `${file.path} has a lora_adapter_metadata that is not JSON`,
      'Get the file again from where it came from.',
      error,
    );
  }
  return (component, key) => notes[`${component}.${key}`];
}

/** The alpha PEFT would use for a module of a file without alpha tensors; its rank where nothing is noted. */
function notedAlpha(
  path: string,
  notes: ReturnType<typeof adapterNotes>,
  { component, module, rank }: { component: string; module: string; rank: number },
): number {
  if (notes(component, 'use_dora') === true) throw invalid(path, `it is a DoRA, which has another form`);
  const patterns = notes(component, 'alpha_pattern');
  const special: unknown = isJsonObject(patterns)
    ? Object.entries(patterns).find(([pattern]) => module === pattern || module.endsWith(`.${pattern}`))?.[1]
    : undefined;
  const alpha = special ?? notes(component, 'lora_alpha');
  if (typeof alpha !== 'number' || !Number.isFinite(alpha)) return rank;
  return notes(component, 'use_rslora') === true ? alpha * Math.sqrt(rank) : alpha;
}

interface Parts {
  readonly component: string;
  readonly module: string;
  readonly keys: Map<LoraKey['part'], string>;
}

/** Keys by module. Anything that is not understood is refused, as a LoRA applied in part gives wrong pictures. */
function group(file: TensorFile, layout: LoraLayout): Parts[] {
  const read = keyReader(layout);
  const groups = new Map<string, Parts>();
  const unknown: string[] = [];
  for (const key of file.tensors.keys()) {
    if (key.endsWith('dora_scale') || key.includes('lora_magnitude_vector'))
      throw invalid(file.path, `${key} makes it a DoRA, which has another form`);
    const found = read(key);
    if (found === null) {
      unknown.push(key);
      continue;
    }
    const id = `${found.component} ${found.module}`;
    const parts: Parts = groups.get(id) ?? { ...found, keys: new Map() };
    groups.set(id, parts);
    const earlier = parts.keys.get(found.part);
    if (earlier !== undefined) throw invalid(file.path, `${earlier} and ${key} are the same`);
    parts.keys.set(found.part, key);
  }
  if (unknown.length > 0) {
    const names = unknown.slice(0, 3).join(', ');
    const more = unknown.length > 3 ? ` and ${unknown.length - 3} more` : '';
    throw invalid(file.path, `it has ${names}${more}, which this model does not have`);
  }
  if (groups.size === 0) throw invalid(file.path, 'it is empty');
  return [...groups.values()];
}

/**
 * Reads a LoRA for a model that has the modules `layout` names. A missing alpha means the rank.
 *
 * @throws Failure `lora-invalid` (DoRA and keys of other modules are named), and those of `openSafetensors`
 */
export async function readLora(path: string, layout: LoraLayout): Promise<LoraFile> {
  const file = await openSafetensors(path);
  try {
    const notes = adapterNotes(file);
    const modules: LoraModule[] = [];
    for (const { component, module, keys } of group(file, layout)) {
      const downKey = keys.get('down');
      const upKey = keys.get('up');
      const alphaKey = keys.get('alpha');
      if (downKey === undefined || upKey === undefined)
        throw invalid(path, `${module} has no ${downKey === undefined ? 'down' : 'up'} matrix`);
      const [rank = 0, inputs, ...kernel] = file.tensors.get(downKey)!.shape;
      const upShape = file.tensors.get(upKey)!.shape;
      const fits =
        rank > 0 &&
        inputs !== undefined &&
        upShape[1] === rank &&
        (kernel.length === 0 || kernel.length === 2) &&
        upShape.length === 2 + kernel.length &&
        upShape.slice(2).every((extent) => extent === 1);
      if (!fits) throw invalid(path, `the matrices of ${module} do not fit each other`);
      const numbers = alphaKey === undefined ? [] : await file.readAs(alphaKey, 'float32');
      const alpha = numbers[0] ?? notedAlpha(path, notes, { component, module, rank });
      if (numbers.length > 1 || !Number.isFinite(alpha))
        throw invalid(path, `the alpha of ${module} is no number`);
      modules.push({
        component,
        module,
        rank,
        alpha,
        kernel,
        down: await file.readAs(downKey, 'float32'),
        up: await file.readAs(upKey, 'float32'),
      });
    }
    return { modules, metadata: Object.fromEntries(file.metadata) };
  } finally {
    await file.close();
  }
}
