/** What a LoRA is and which models it fits, made out from names and shapes, with what its maker noted. */
import type { LoraBase, LoraFacts, TrainedWord } from '../facts/lora-facts.ts';
import { loraBaseNames } from '../facts/lora-facts.ts';
import { isJsonObject } from '../files/json-file.ts';
import { elementCount } from '../graph/data-type.ts';
import { isOfOtherModel, refusedKind } from './lora-kinds.ts';
import { type LoraKey, readLoraKey } from './lora-names.ts';
import type { TensorFile } from './tensor-file.ts';

type Source = Pick<TensorFile, 'tensors' | 'metadata'>;

interface NamedTensor extends LoraKey {
  readonly shape: readonly number[];
}

/** Parts of a model by how modules' names begin. */
const parts: readonly (readonly [begin: RegExp, part: string])[] = [
  [/^(?:lora_te2|text_encoder_2)_/, 'second text encoder'],
  [/^(?:lora_te1?|text_encoder)_/, 'text encoder'],
  [/^/, 'UNet'],
];

const partOf = (module: string): string => parts.find(([begin]) => begin.test(module))![1];

/** Widths of what cross-attention reads, which no two of these kinds share. */
const widths: Readonly<Record<number, LoraBase>> = { 768: 'sd1', 1024: 'sd2', 2048: 'sdxl' };

/** What kohya's tools call the kinds of models. */
const versions: readonly (readonly [begin: string, base: LoraBase])[] = [
  ['sd_v1', 'sd1'],
  ['sd_v2', 'sd2'],
  ['sdxl', 'sdxl'],
];

/** Null for a file of anything else than a LoRA that can be used. */
export function loraFactsOf(file: Source): LoraFacts | null {
  if (refusedKind(file.tensors.keys()) !== null) return null;
  const tensors: NamedTensor[] = [];
  for (const [name, { shape }] of file.tensors) {
    const key = readLoraKey(name);
    if (key !== null) tensors.push({ ...key, shape });
  }
  const downs = tensors.filter(({ part }) => part === 'down');
  if (downs.length === 0 || tensors.some(({ module }) => isOfOtherModel(module))) return null;
  const counts = Map.groupBy(downs, ({ module }) => partOf(module));
  const types = [...file.tensors].filter(([name]) => !name.endsWith('.alpha')).map(([, { dtype }]) => dtype);
  return {
    form: formOf(tensors),
    naming: tensors.find(({ naming }) => naming !== null)?.naming ?? 'kohya',
    ...madeOutBase(downs, file.metadata),
    ranks: [...new Set(downs.map(({ shape }) => shape[0] ?? 0))].sort((a, b) => a - b),
    modules: [...counts].map(([part, { length: count }]) => ({ part, count })),
    parameters: [...file.tensors.values()].reduce((sum, { shape }) => sum + elementCount(shape), 0),
    dtype: [...new Set(types)].join(', '),
    title: noted(file, 'modelspec.title', 'ss_output_name'),
    trainedOn: noted(file, 'ss_sd_model_name'),
    words: trainedWords(file.metadata.get('ss_tag_frequency')),
  };
}

function formOf(tensors: readonly NamedTensor[]): LoraFacts['form'] {
  if (tensors.some(({ part }) => part === 'magnitude')) return 'dora';
  const convolves = ({ part, shape }: NamedTensor): boolean =>
    part === 'mid' || (part === 'down' && shape.slice(2).some((extent) => extent !== 1));
  return tensors.some(convolves) ? 'locon' : 'lora';
}

/** What the shapes say; where they say nothing, the names, and last what kohya's tools noted. */
function madeOutBase(
  downs: readonly NamedTensor[],
  metadata: Source['metadata'],
): Pick<LoraFacts, 'base' | 'reasons'> {
  const inputsOf = (end: RegExp): number | undefined =>
    downs.find(({ module }) => end.test(module))?.shape[1];
  if (downs.some(({ module }) => partOf(module) === 'second text encoder'))
    return { base: 'sdxl', reasons: ['it has a part for a second text encoder'] };
  const width = inputsOf(/_attn2_to_[kv]$/);
  if (width !== undefined) {
    const base = widths[width] ?? null;
    const reasons = [`its UNet reads texts of the width ${width}`];
    return { base, reasons: base === null ? [`${reasons[0]}, as no usual model does`] : reasons };
  }
  if (downs.some(({ module }) => /^lora_unet_(?:input_blocks|middle_block|output_blocks)_/.test(module)))
    return { base: 'sdxl', reasons: ['its UNet has the names of SDXL’s original code'] };
  const textWidth = inputsOf(/_(?:q_proj|k_proj|v_proj)$/);
  if (textWidth === 768 || textWidth === 1024)
    return { base: widths[textWidth]!, reasons: [`its text encoder has the width ${textWidth}`] };
  const version = metadata.get('ss_base_model_version') ?? '';
  const base = versions.find(([begin]) => version.startsWith(begin))?.[1] ?? null;
  if (base === null)
    return { base, reasons: ['neither its names nor its shapes say which kind of model it is for'] };
  return { base, reasons: [`its maker noted ${loraBaseNames[base]}`] };
}

function noted({ metadata }: Source, ...keys: readonly string[]): string | null {
  for (const key of keys) {
    const text = metadata.get(key)?.trim();
    if (text !== undefined && text !== '' && text !== 'None') return text.slice(0, 200);
  }
  return null;
}

const mostWords = 50;

/** Of `{ folder: { word: count } }`, all folders together, the most frequent first. */
function trainedWords(text: string | undefined): readonly TrainedWord[] {
  const counts = new Map<string, number>();
  let folders: unknown = null;
  try {
    folders = text === undefined ? null : JSON.parse(text);
  } catch {
    // A note that cannot be read says nothing of the words; the LoRA is as good without.
  }
  for (const folder of isJsonObject(folders) ? Object.values(folders) : []) {
    for (const [word, count] of isJsonObject(folder) ? Object.entries(folder) : []) {
      const clean = word.trim();
      if (typeof count !== 'number' || !(count > 0) || clean === '') continue;
      counts.set(clean, (counts.get(clean) ?? 0) + Math.floor(count));
    }
  }
  return [...counts]
    .sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1))
    .slice(0, mostWords)
    .map(([word, images]) => ({ word: word.slice(0, 200), images }));
}
