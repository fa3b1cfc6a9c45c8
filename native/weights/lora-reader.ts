/**
 * LoRA files of other programs, read for a model: kohya's and LyCORIS' names, PEFT's, diffusers' and its older ones. Only names
 * and shapes are looked at when a file is opened; numbers are read module by module.
 */
import { loraBaseNames, loraText } from '../facts/lora-facts.ts';
import { Failure } from '../failure.ts';
import { loraFactsOf } from './lora-facts.ts';
import type { LoraModule } from './lora-file.ts';
import { refusedKind } from './lora-kinds.ts';
import type { LoraLayout, LoraPart } from './lora-names.ts';
import { moduleFinder, readLoraKey } from './lora-names.ts';
import { type LoraNotes, readLoraNotes } from './lora-notes.ts';
import { openTensorFile } from './open-tensor-file.ts';
import type { TensorFile } from './tensor-file.ts';

type Numbers = Float32Array<ArrayBuffer>;

/** The numbers of an adapted module. */
export interface LoraMatrices {
  /** [rank, in, ...kernel], or [rank, in] in Tucker's form */
  readonly down: Numbers;
  /** [out, rank] */
  readonly up: Numbers;
  /** Of a convolution in Tucker's form: [rank, rank, ...kernel] */
  readonly mid: Numbers | null;
  /** Of a DoRA: what the lengths of the weight's rows, or of its columns, become. */
  readonly magnitude: Numbers | null;
}

/** A module as a file adapts it, its numbers unread. */
export interface PlacedLora extends Pick<LoraModule, 'component' | 'module' | 'rank' | 'alpha' | 'kernel'> {
  /** Along which axis of its weight a DoRA has a length for each; null where it is none. */
  readonly magnitudeAxis: 0 | 1 | null;
  /** Whether its kernel is in Tucker's form. */
  readonly tucker: boolean;
  readonly read: () => Promise<LoraMatrices>;
}

export interface OpenLora {
  readonly path: string;
  readonly modules: readonly PlacedLora[];
  readonly metadata: ReadonlyMap<string, string>;
  readonly close: () => Promise<void>;
}

export interface LoraFile {
  readonly modules: readonly LoraModule[];
  readonly metadata: Readonly<Record<string, string>>;
}

/** What the file is, in front of what is wrong with it. */
function invalid(
  { path, tensors, metadata }: Pick<TensorFile, 'path' | 'tensors' | 'metadata'>,
  what: string,
) {
  const facts = loraFactsOf({ tensors, metadata });
  const base = facts?.base ?? null;
  const named = facts === null || base === null ? '' : ` It is a ${loraText(facts)}.`;
  return new Failure(
    'lora-invalid',
    `${path} cannot be used as a LoRA here: ${what}.${named}`,
    base === null
      ? 'Choose a LoRA made for this kind of model, in kohya’s, PEFT’s or diffusers’ format.'
      : `Use it with a model of the kind ${loraBaseNames[base]}, or choose a LoRA made for this one.`,
  );
}

interface Parts {
  readonly component: string;
  readonly module: string;
  readonly keys: Map<LoraPart, string>;
}

function someOf(names: readonly string[]): string {
  return names.slice(0, 3).join(', ') + (names.length > 3 ? ` and ${names.length - 3} more` : '');
}

/** Keys by module. Anything that is not understood is refused, as a LoRA applied in part gives wrong pictures. */
function group(file: TensorFile, layout: LoraLayout): Parts[] {
  const find = moduleFinder(layout);
  const groups = new Map<string, Parts>();
  const unknown: string[] = [];
  for (const name of file.tensors.keys()) {
    const key = readLoraKey(name);
    const found = key && find(key.module);
    if (key === null || found === null) {
      unknown.push(name);
      continue;
    }
    const id = `${found.component} ${found.module}`;
    const parts: Parts = groups.get(id) ?? { ...found, keys: new Map() };
    groups.set(id, parts);
    const earlier = parts.keys.get(key.part);
    if (earlier !== undefined) throw invalid(file, `${earlier} and ${name} are the same`);
    parts.keys.set(key.part, name);
  }
  if (unknown.length > 0) throw invalid(file, `it has ${someOf(unknown)}, which this model does not have`);
  if (groups.size === 0) throw invalid(file, 'it is empty');
  return [...groups.values()];
}

/** The shape that a module's matrices make together, null where they do not fit each other. */
function productShape(
  down: readonly number[],
  up: readonly number[],
  mid: readonly number[] | null,
): readonly number[] | null {
  const [rank = 0, inputs, ...ownKernel] = down;
  const ones = (extents: readonly number[]): boolean => extents.every((extent) => extent === 1);
  const kernel = mid === null ? ownKernel : mid.slice(2);
  const fits =
    rank > 0 &&
    inputs !== undefined &&
    up.length >= 2 &&
    up[1] === rank &&
    ones(up.slice(2)) &&
    (ownKernel.length === 0 || ownKernel.length === 2) &&
    (mid === null
      ? up.length === 2 + ownKernel.length
      : mid.length === 4 && mid[0] === rank && mid[1] === rank && ones(ownKernel));
  return fits ? [up[0]!, inputs, ...kernel] : null;
}

/**
 * Which axis of a weight [out, in, ...] a DoRA's magnitude of that shape goes along; undefined where along none. PEFT has one for
 * each output, of convolutions in the shape [1, out, 1, 1].
 */
function magnitudeAxisOf(
  key: string,
  shape: readonly number[],
  [rows, columns]: readonly number[],
): 0 | 1 | undefined {
  const counts = shape.filter((extent) => extent !== 1);
  if (counts.length > 1) return undefined;
  const count = counts[0] ?? 1;
  if (readLoraKey(key)?.naming === 'PEFT') return count === rows ? 0 : undefined;
  // Of a square weight the place of the number tells: [out, 1] or [1, in].
  if (count === rows && (shape.length < 2 || shape[0] === rows)) return 0;
  return count === columns && shape.length > 1 && shape[1] === columns ? 1 : undefined;
}

const withoutOnes = (shape: readonly number[]): string => shape.filter((extent) => extent !== 1).join();

async function placed(
  file: TensorFile,
  { component, module, keys }: Parts,
  wanted: readonly number[],
  notes: LoraNotes,
): Promise<PlacedLora> {
  const [downKey, upKey] = [keys.get('down'), keys.get('up')];
  if (downKey === undefined || upKey === undefined)
    throw invalid(file, `${module} has no ${downKey === undefined ? 'down' : 'up'} matrix`);
  const shapeOf = (key: string): readonly number[] => file.tensors.get(key)!.shape;
  const [midKey, magnitudeKey, alphaKey] = [keys.get('mid'), keys.get('magnitude'), keys.get('alpha')];
  const down = shapeOf(downKey);
  const product = productShape(down, shapeOf(upKey), midKey === undefined ? null : shapeOf(midKey));
  if (product === null) throw invalid(file, `the matrices of ${module} do not fit each other`);
  // 1x1 convolutions and matrices are written one for the other.
  if (withoutOnes(product) !== withoutOnes(wanted))
    throw invalid(
      file,
      `its ${module} is for a weight of the shape [${product.join(', ')}], the model’s is [${wanted.join(', ')}]`,
    );
  const axis =
    magnitudeKey === undefined ? null : magnitudeAxisOf(magnitudeKey, shapeOf(magnitudeKey), product);
  if (axis === undefined) throw invalid(file, `the lengths (DoRA) of ${module} do not fit its matrices`);
  if (axis === null && notes.isDora(component))
    throw invalid(file, `it is a DoRA, and ${module} has no lengths (magnitudes)`);
  const rank = down[0]!;
  const numbers = alphaKey === undefined ? [] : await file.readAs(alphaKey, 'float32');
  const alpha = numbers[0] ?? notes.alphaOf({ component, module, rank });
  if (numbers.length > 1 || !Number.isFinite(alpha))
    throw invalid(file, `the alpha of ${module} is no number`);
  const numbersOf = (key: string | undefined) =>
    key === undefined ? Promise.resolve(null) : file.readAs(key, 'float32');
  return {
    ...{ component, module, rank, alpha, magnitudeAxis: axis, tucker: midKey !== undefined },
    kernel: product.slice(2),
    read: async () => ({
      down: await file.readAs(downKey, 'float32'),
      up: await file.readAs(upKey, 'float32'),
      mid: await numbersOf(midKey),
      magnitude: await numbersOf(magnitudeKey),
    }),
  };
}

/** The modules of a LoRA in a model. Throws as `openLora`. */
export async function placeModules(file: TensorFile, layout: LoraLayout): Promise<readonly PlacedLora[]> {
  const refused = refusedKind(file.tensors.keys());
  if (refused !== null) {
    throw new Failure(
      'lora-unsupported',
      `${file.path} is ${refused.what}, as its ${refused.name} says. ${refused.because}`,
      'Choose a LoRA, LoCon or DoRA in kohya’s, PEFT’s or diffusers’ format.',
    );
  }
  const shapes = new Map(layout.map((own) => [own.component, own.shapes]));
  const notes = await readLoraNotes(file);
  const modules: PlacedLora[] = [];
  for (const parts of group(file, layout))
    modules.push(await placed(file, parts, shapes.get(parts.component)!.get(parts.module)!, notes));
  return modules;
}

/**
 * Opens a LoRA, safetensors or a checkpoint of PyTorch, for a model that has the modules `layout` names. A missing alpha is what
 * PEFT noted, or the rank.
 *
 * @throws Failure `lora-unsupported` for adapters of other kinds and embeddings, which are named; `lora-invalid`; those of
 * `openTensorFile`
 */
export async function openLora(path: string, layout: LoraLayout): Promise<OpenLora> {
  const file = await openTensorFile(path);
  try {
    const modules = await placeModules(file, layout);
    return { path, modules, metadata: file.metadata, close: () => file.close() };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/**
 * Reads a LoRA whole, to write it anew or to train it on.
 *
 * @throws Failure those of `openLora`; `lora-form`
 */
export async function readLora(path: string, layout: LoraLayout): Promise<LoraFile> {
  const { modules, metadata, close } = await openLora(path, layout);
  try {
    const read: LoraModule[] = [];
    for (const { component, module, rank, alpha, kernel, magnitudeAxis, tucker, read: numbers } of modules) {
      if (magnitudeAxis === 1 || tucker) {
        throw new Failure(
          'lora-form',
          `${path} is ${tucker ? 'a LoRA in Tucker’s form' : 'a DoRA with a length for each input'}, which can be laid over a model, not written or trained.`,
          'Choose a LoRA of the usual form.',
        );
      }
      const { down, up, magnitude } = await numbers();
      read.push({
        ...{ component, module, rank, alpha, kernel, down, up },
        ...(magnitude && { magnitude }),
      });
    }
    return { modules: read, metadata: Object.fromEntries(metadata) };
  } finally {
    await close();
  }
}
