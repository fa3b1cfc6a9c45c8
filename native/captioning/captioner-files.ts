import { readdir, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';

import { type CaptionerKind, captionerKindLabels } from '../facts/captioning.ts';
import { Failure } from '../failure.ts';
import { isJsonObject, type JsonObject, readJsonObject } from '../files/json-file.ts';
import { obstacleOf } from '../files/obstacle.ts';
import { readTags } from './tags.ts';

export interface TaggerFiles {
  readonly kind: 'tagger';
  readonly folder: string;
  readonly model: string;
  readonly tags: string;
}

/** A model that writes sentences: what looks at the picture, and what writes. */
export interface WriterFiles {
  readonly kind: Exclude<CaptionerKind, 'tagger'>;
  readonly folder: string;
  readonly vision: string;
  readonly decoder: string;
  /** Of Florence-2: what reads the picture and the question together, and what makes numbers of tokens. */
  readonly encoder: string | null;
  readonly embedding: string | null;
  readonly config: JsonObject;
}

export type CaptionerFiles = TaggerFiles | WriterFiles;

/** What a library keeps of a captioner. */
export interface CaptionerFacts {
  readonly kind: CaptionerKind;
  readonly name: string;
  readonly bytes: number;
}

/**
 * Finds a captioning model's files in a folder, as they are published: a tagger's `model.onnx` and `selected_tags.csv`, or
 * the parts of a model exported for ONNX Runtime with its config and tokenizer, in the folder or in `onnx/` below it.
 * @throws Failure `captioner-unknown`, `captioner-incomplete`, `folder-unreadable`, `file-unreadable`
 */
export async function findCaptioner(folder: string): Promise<CaptionerFiles> {
  const place = resolve(folder);
  const names = await namesIn(place);
  const graphs = new Map<string, string>();
  for (const below of ['onnx', '']) {
    for (const name of below === ''
      ? names
      : names.includes(below)
        ? await namesIn(join(place, below))
        : []) {
      if (name.endsWith('.onnx')) graphs.set(name.slice(0, -'.onnx'.length), join(place, below, name));
    }
  }
  if (names.includes('selected_tags.csv')) {
    const model = graphs.get('model') ?? (graphs.size === 1 ? [...graphs.values()][0] : undefined);
    if (model === undefined) throw incomplete(place, captionerKindLabels.tagger, 'model.onnx');
    return { kind: 'tagger', folder: place, model, tags: join(place, 'selected_tags.csv') };
  }
  if (!names.includes('config.json')) throw unknown(place, graphs.size > 0);
  const config = (await readJsonObject(join(place, 'config.json'))) ?? {};
  const kind = captionerKindOf(config);
  if (kind === null) throw unknown(place, graphs.size > 0, config.model_type);
  if (!names.includes('tokenizer.json')) throw incomplete(place, captionerKindLabels[kind], 'tokenizer.json');
  return { kind, folder: place, config, ...partsOf(kind, place, graphs) };
}

/**
 * How many tags a tagger knows, or how many tokens a model that writes sentences.
 * @throws Failure those of `findCaptioner` and `readTags`; `file-unreadable`, `json-invalid`
 */
export async function captionerVocabulary(folder: string): Promise<number> {
  const files = await findCaptioner(folder);
  if (files.kind === 'tagger') return (await readTags(files.tags)).length;
  const { model, added_tokens: added } = (await readJsonObject(join(files.folder, 'tokenizer.json'))) ?? {};
  const { vocab } = isJsonObject(model) ? model : {};
  // As a list of pairs, where the tokenizer goes by how likely each is.
  const words = Array.isArray(vocab)
    ? vocab.map((entry: unknown) => (Array.isArray(entry) ? String(entry[0]) : ''))
    : isJsonObject(vocab)
      ? Object.keys(vocab)
      : [];
  const extra = Array.isArray(added)
    ? added.flatMap((entry: unknown) => (isJsonObject(entry) ? [String(entry.content)] : []))
    : [];
  return new Set([...words, ...extra]).size;
}

/** @throws Failure those of `findCaptioner` */
export async function describeCaptioner(folder: string): Promise<CaptionerFacts> {
  const files = await findCaptioner(folder);
  const graphs =
    files.kind === 'tagger' ? [files.model] : [files.vision, files.decoder, files.encoder, files.embedding];
  const sizes = await Promise.all(
    graphs.filter((path) => path !== null).map(async (path) => (await stat(path)).size),
  );
  return {
    kind: files.kind,
    name: basename(files.folder),
    bytes: sizes.reduce((sum, size) => sum + size, 0),
  };
}

/** Which of the models that write its `config.json` describes; null where none of those. */
export function captionerKindOf({ model_type: type }: JsonObject): WriterFiles['kind'] | null {
  if (type === 'blip') return 'blip';
  if (type === 'florence2') return 'florence-2';
  return type === 'vision-encoder-decoder' ? type : null;
}

/** What the parts are called by those who export them, the likeliest first. */
const visionNames = [
  ...['vision_model', 'vision_encoder', 'encoder_model', 'image_encoder'],
  ...['blip_vision_model', 'blip_vision_encoder'],
];
const decoderNames = [
  ...['text_decoder_model', 'text_decoder', 'decoder_model_merged', 'decoder_model', 'blip_text_decoder'],
  'decoder',
];
/** Whole numbers before rounded ones. */
export const graphRoundings: readonly string[] = [
  ...['', '_fp16', '_int8', '_quantized', '_uint8', '_q8', '_q4', '_q4f16', '_bnb4'],
];

type Part = 'vision' | 'decoder' | 'encoder' | 'embedding';

/** The graphs that a model of a kind has, each by what it may be called, without its rounding and ending. */
export function graphNamesOf(
  kind: WriterFiles['kind'],
): Readonly<Partial<Record<Part, readonly string[]>>> &
  Readonly<Record<'vision' | 'decoder', readonly string[]>> {
  if (kind === 'florence-2') {
    return {
      vision: ['vision_encoder', 'vision_model'],
      decoder: ['decoder_model_merged', 'decoder_model'],
      encoder: ['encoder_model'],
      embedding: ['embed_tokens'],
    };
  }
  const vision = kind === 'blip' ? visionNames : ['encoder_model', ...visionNames];
  return { vision, decoder: decoderNames };
}

function partsOf(
  kind: WriterFiles['kind'],
  folder: string,
  graphs: ReadonlyMap<string, string>,
): Pick<WriterFiles, Part> {
  const find = (names: readonly string[]): string => {
    for (const rounding of graphRoundings) {
      for (const name of names) {
        const path = graphs.get(`${name}${rounding}`);
        if (path !== undefined) return path;
      }
    }
    throw incomplete(folder, captionerKindLabels[kind], `${names[0]!}.onnx`);
  };
  const { vision, decoder, encoder, embedding } = graphNamesOf(kind);
  return {
    vision: find(vision),
    decoder: find(decoder),
    encoder: encoder === undefined ? null : find(encoder),
    embedding: embedding === undefined ? null : find(embedding),
  };
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    const { reason, hint } = obstacleOf(error, 'folder') ?? {
      reason: 'it is not a folder',
      hint: 'Give the folder that the model lies in.',
    };
    throw new Failure('folder-unreadable', `${folder} cannot be listed: ${reason}.`, hint, error);
  }
}

function unknown(folder: string, hasGraphs: boolean, type?: unknown): Failure {
  const what =
    typeof type === 'string'
      ? `holds a model of the kind ${type}, which is none that captions here`
      : hasGraphs
        ? 'has neither selected_tags.csv nor config.json, so that nobody can tell what its graphs are'
        : 'holds no captioning model';
  return new Failure(
    'captioner-unknown',
    `${folder} ${what}.`,
    'Give the folder of a WD tagger (model.onnx and selected_tags.csv), or of BLIP, ViT-GPT2 or Florence-2 as ONNX, with config.json and tokenizer.json.',
  );
}

function incomplete(folder: string, label: string, missing: string): Failure {
  return new Failure(
    'captioner-incomplete',
    `${folder} looks like ${label}, but ${missing} is missing.`,
    'Get the missing file from the page where the model is published, and put it in this folder.',
  );
}

/** A field of a config that may be left out. */
export function numberIn(config: unknown, name: string): number | null {
  const value = isJsonObject(config) ? config[name] : undefined;
  return typeof value === 'number' ? value : null;
}
