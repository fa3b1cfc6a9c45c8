/** Turns what was typed into what commands take; refuses what cannot be meant. */
import { resolve } from 'node:path';

import { InvalidArgumentError } from 'commander';

import { captionTokenChoices, type CaptionTokens, mostClipSkip } from '../../native/facts/caption-reading.ts';
import { mostLoraStrength } from '../../native/facts/lora-facts.ts';
import type { EmbeddingUse, LoraUse } from '../../native/jobs.ts';
import type { DeviceChoice } from '../../native/runtime/runtime.ts';
import { type DataShare, shareSchema } from '../contract/data-share.ts';
import type { Override } from '../contract/parse-run-spec.ts';
import { largestSide, mostSamplingSteps } from '../contract/run-spec.ts';

export function wholeNumber(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return notTooLarge(Number(text));
}

/** Beyond it neighbouring whole numbers are the same to a computer, and so would be seeds. */
function notTooLarge(value: number): number {
  if (Number.isSafeInteger(value)) return value;
  throw new InvalidArgumentError(`It must be at most ${Number.MAX_SAFE_INTEGER}.`);
}

export function naturalNumber(text: string): number {
  const value = wholeNumber(text);
  if (value < 1) throw new InvalidArgumentError('It must be at least 1.');
  return value;
}

export function clipSkip(text: string): number {
  const value = naturalNumber(text);
  if (value <= mostClipSkip) return value;
  throw new InvalidArgumentError(`It must be from 1 to ${mostClipSkip}.`);
}

/** `75`, `150` or `225`. */
export function captionTokens(text: string): CaptionTokens {
  const found = captionTokenChoices.find((choice) => String(choice) === text);
  if (found !== undefined) return found;
  throw new InvalidArgumentError(`It must be one of ${captionTokenChoices.join(', ')}.`);
}

/** Epoch 0 is what compare calls the untouched base. */
export function epochToExport(text: string): number {
  const value = wholeNumber(text);
  if (value === 0)
    throw new InvalidArgumentError(
      'Epoch 0 is the base itself, which is a model already; name an epoch from 1 on.',
    );
  return value;
}

/** Steps of a sampler. */
export function samplingSteps(text: string): number {
  const value = naturalNumber(text);
  if (value <= mostSamplingSteps) return value;
  throw new InvalidArgumentError(`It must be from 1 to ${mostSamplingSteps}.`);
}

export function portNumber(text: string): number {
  const value = wholeNumber(text);
  if (value > 65535) throw new InvalidArgumentError('It must be at most 65535.');
  return value;
}

export function numberFromZero(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value < 0) {
    throw new InvalidArgumentError('It must be a number, 0 or more.');
  }
  return value;
}

export function positiveNumber(text: string): number {
  const value = numberFromZero(text);
  if (value === 0) throw new InvalidArgumentError('It must be more than 0.');
  return value;
}

export function validationChoice(text: string): number | 'marked' {
  return text === 'marked' ? text : numberFromZero(text);
}

/** `all`, a part below 1 such as 0.5, or a number of images. */
export function dataShare(text: string): DataShare {
  const { success, data } = shareSchema.safeParse(text === 'all' ? text : Number(text));
  if (success) return data;
  throw new InvalidArgumentError('It must be a fraction below 1, as in 0.5, a number of images, or all.');
}

/** `1,2,5` and `0-3`, which is `0,1,2,3`; more of it is added to what came before. */
export function numberList(text: string, before: readonly number[] | undefined): readonly number[] {
  const numbers = text.split(',').flatMap((part) => {
    const match = /^\s*(\d+)(?:-(\d+))?\s*$/.exec(part);
    if (match === null) throw new InvalidArgumentError('It must be whole numbers, as in 1,2,5 or 0-3.');
    const [first, last] = [Number(match[1]), Number(match[2] ?? match[1])].map(notTooLarge) as [
      number,
      number,
    ];
    if (last < first) throw new InvalidArgumentError('The second number of a range must be the larger: 0-3.');
    if (last - first > 9999) throw new InvalidArgumentError('A range may hold 10,000 numbers at most.');
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
  return [...(before ?? []), ...numbers];
}

/** `style.safetensors:0.8`, or without a strength for 1; more of it is laid over what came before. */
export function loraUse(text: string, before: readonly LoraUse[] | undefined): readonly LoraUse[] {
  const match = /^(.+?)(?::([+-]?(?:\d+\.?\d*|\.\d+)))?$/s.exec(text);
  if (match === null) throw new InvalidArgumentError('It must be a file, as in style.safetensors:0.8.');
  const strength = Number(match[2] ?? 1);
  if (Math.abs(strength) > mostLoraStrength)
    throw new InvalidArgumentError(`The strength must be from -${mostLoraStrength} to ${mostLoraStrength}.`);
  return [...(before ?? []), { file: match[1]!, strength }];
}

/** `glyph.safetensors:sks`, or without a word for the one that the file names; more of it adds to what came before. */
export function embeddingUse(
  text: string,
  before: readonly EmbeddingUse[] | undefined,
): readonly EmbeddingUse[] {
  if (/^\s*$|:\s*$/.test(text))
    throw new InvalidArgumentError(
      'It must be a file, or a file and a word, as in glyph.safetensors or glyph.safetensors:word.',
    );
  // A drive's letter stands before a colon, too.
  const match = /^(.[^]*?\.[^.:/\\]+):([^:/\\]+)$/.exec(text);
  const use = match === null ? { file: text } : { file: match[1]!, word: match[2]! };
  return [...(before ?? []), use];
}

export function size(text: string): { readonly width: number; readonly height: number } {
  const match = /^(\d+)(?:x(\d+))?$/i.exec(text);
  if (match === null) throw new InvalidArgumentError('It must be pixels, as in 512 or 640x512.');
  const [width, height] = [naturalNumber(match[1]!), naturalNumber(match[2] ?? match[1]!)];
  if (Math.max(width, height) > largestSide)
    throw new InvalidArgumentError(`It must be at most ${largestSide} pixels a side.`);
  return { width, height };
}

/** What `train`'s own flags set in a run file. */
export interface TrainFlags {
  readonly base?: string;
  readonly data?: string;
  readonly out?: string;
  readonly name?: string;
  readonly caption?: string;
  readonly captionTemplate?: string;
  readonly captionColumn?: string;
  readonly validation?: number | 'marked';
  readonly share?: DataShare;
  readonly method?: string;
  readonly rank?: number;
  readonly convRank?: number;
  readonly dora?: boolean;
  readonly loraFrom?: string;
  readonly textEncoder?: boolean;
  readonly word?: string;
  readonly vectors?: number;
  readonly initWords?: string;
  readonly wordCaptions?: string;
  readonly resolution?: number;
  readonly epochs?: number;
  readonly checkpoints?: readonly number[];
  readonly patience?: number;
  readonly batchSize?: number;
  readonly imagesAtOnce?: number;
  readonly learningRate?: number;
  readonly optimizer?: string;
  readonly precision?: string;
  readonly clipSkip?: number;
  readonly captionTokens?: CaptionTokens;
  readonly class?: string;
  readonly classCount?: number;
  readonly classImages?: string;
  readonly priorWeight?: number;
  readonly seed?: number;
  readonly prompt?: readonly string[];
  readonly device?: DeviceChoice;
  readonly tf32?: true;
  readonly cudaGraphs?: true;
  readonly set?: readonly Override[];
}

/** Paths given as flags are meant from the working folder, wherever the run file lies. */
export function overridesOf(flags: TrainFlags, workingFolder: string): readonly Override[] {
  const absolute = (file: string | undefined) =>
    file === undefined ? undefined : resolve(workingFolder, file);
  const values: readonly (readonly [string, unknown])[] = [
    ['base', absolute(flags.base)],
    ['data.folder', absolute(flags.data)],
    ['folder', absolute(flags.out)],
    ['name', flags.name],
    ['data.captions', captionsOf(flags)],
    ['data.validation', flags.validation],
    ['data.share', flags.share],
    ['method.kind', flags.method ?? methodOf(flags)],
    ['method.rank', flags.rank],
    ['method.convRank', flags.convRank],
    ['method.dora', flags.dora],
    ['method.from', absolute(flags.loraFrom)],
    ['method.textEncoder', flags.textEncoder],
    ['method.word', flags.word],
    ['method.vectors', flags.vectors],
    ['method.initWords', flags.initWords],
    ['method.captions', flags.wordCaptions],
    ['resolution', flags.resolution],
    ['train.epochs', flags.epochs],
    ['train.checkpoints', flags.checkpoints],
    ['train.patience', flags.patience],
    ['train.batchSize', flags.batchSize],
    ['train.imagesAtOnce', flags.imagesAtOnce],
    ['train.learningRate', flags.learningRate],
    ['train.optimizer.kind', flags.optimizer],
    ['train.precision', flags.precision],
    ['train.clipSkip', flags.clipSkip],
    ['train.captionTokens', flags.captionTokens],
    ['train.seed', flags.seed],
    ['prior.prompt', flags.class],
    ['prior.count', flags.classCount],
    ['prior.folder', absolute(flags.classImages)],
    ['prior.weight', flags.priorWeight],
    ['samples.prompts', flags.prompt],
    ['device.provider', flags.device?.provider],
    ['device.gpu', flags.device?.gpu],
    ['device.tf32', flags.tf32],
    ['device.cudaGraphs', flags.cudaGraphs],
  ];
  const own = values
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ({ path: key.split('.'), value }));
  return [...own, ...(flags.set ?? [])];
}

/** Flags that only one method has name it. */
function methodOf({ rank, loraFrom, convRank, dora, word }: TrainFlags): string | undefined {
  if (word !== undefined) return 'embedding';
  return [rank, loraFrom, convRank, dora].some((flag) => flag !== undefined) ? 'lora' : undefined;
}

function captionsOf({ caption, captionTemplate, captionColumn }: TrainFlags): object | undefined {
  if (captionTemplate !== undefined) return { kind: 'template', template: captionTemplate };
  if (captionColumn !== undefined) return { kind: 'column', column: captionColumn };
  if (caption !== undefined) return caption === '' ? { kind: 'empty' } : { kind: 'fixed', text: caption };
  return undefined;
}
