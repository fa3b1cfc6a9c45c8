import { join } from 'node:path';

import { Failure } from '../failure.ts';
import type { JsonObject } from '../files/json-file.ts';
import { isJsonObject, readJsonObject, readTextFile } from '../files/json-file.ts';

/** A token that is looked for in the text itself, before the text is cut into words. */
export interface AddedToken {
  readonly content: string;
  readonly id: number;
  /** Looked for after normalizing, so that upper case matches too. */
  readonly normalized: boolean;
}

export interface ClipTokenizerFiles {
  readonly vocabulary: ReadonlyMap<string, number>;
  /** In order of rank. */
  readonly merges: readonly (readonly [left: string, right: string])[];
  readonly added: readonly AddedToken[];
  readonly bos: string;
  readonly eos: string;
  readonly unknown: string;
  readonly pad: string;
  /** Tokens a text is cut and padded to. */
  readonly maxLength: number;
}

const specialKeys = [
  'bos_token',
  'eos_token',
  'unk_token',
  'sep_token',
  'pad_token',
  'cls_token',
  'mask_token',
];

const defaults: JsonObject = {
  bos_token: '<|startoftext|>',
  eos_token: '<|endoftext|>',
  unk_token: '<|endoftext|>',
  pad_token: '<|endoftext|>',
};

function invalid(path: string, what: string): Failure {
  return new Failure(
    'tokenizer-invalid',
    `${path} ${what}`,
    'Copy the tokenizer folder of the base model again; it must be that of a CLIP text encoder.',
  );
}

/** A row of the text encoder's embeddings. */
function tokenId(id: unknown, token: string, path: string): number {
  if (typeof id === 'number' && Number.isInteger(id) && id >= 0 && id < 2 ** 26) return id;
  throw invalid(path, `gives ${JSON.stringify(token)} the id ${JSON.stringify(id)}`);
}

function parseVocabulary(value: unknown, path: string): Map<string, number> {
  if (!isJsonObject(value)) throw invalid(path, 'has no vocabulary');
  const vocabulary = new Map<string, number>();
  for (const [token, id] of Object.entries(value)) {
    vocabulary.set(token, tokenId(id, token, path));
  }
  return vocabulary;
}

function parseMerges(
  lines: readonly unknown[],
  vocabulary: ReadonlyMap<string, number>,
  path: string,
): [string, string][] {
  return lines.map((line) => {
    const pair: readonly unknown[] =
      typeof line === 'string' ? line.split(' ') : Array.isArray(line) ? line : [];
    const [left, right] = pair;
    if (pair.length !== 2 || typeof left !== 'string' || typeof right !== 'string')
      throw invalid(path, `has ${String(line).slice(0, 60)} for a merge`);
    for (const token of [left, right, left + right]) {
      if (!vocabulary.has(token))
        throw invalid(path, `merges ${JSON.stringify(line)}, but ${token} is not in the vocabulary`);
    }
    return [left, right];
  });
}

/** vocab.json and merges.txt, or what tokenizer.json has of them: transformers 5 saves that alone. */
async function readModel(
  folder: string,
  serialized: JsonObject | null,
): Promise<Pick<ClipTokenizerFiles, 'vocabulary' | 'merges'>> {
  const vocabularyPath = join(folder, 'vocab.json');
  const mergesPath = join(folder, 'merges.txt');
  const vocab = await readJsonObject(vocabularyPath);
  const merges = await readTextFile(mergesPath);
  if (vocab !== null && merges !== null) {
    const vocabulary = parseVocabulary(vocab, vocabularyPath);
    const lines = merges
      .split(/\r?\n/)
      .filter((line, i) => line !== '' && !(i === 0 && line.startsWith('#version')));
    return { vocabulary, merges: parseMerges(lines, vocabulary, mergesPath) };
  }
  const path = join(folder, 'tokenizer.json');
  const model = serialized?.model;
  if (!isJsonObject(model)) {
    throw new Failure(
      'tokenizer-missing',
      `${folder} has neither vocab.json and merges.txt nor tokenizer.json`,
      'Copy the whole tokenizer folder of the base model.',
    );
  }
  if (model.end_of_word_suffix !== '</w>' || !Array.isArray(model.merges))
    throw invalid(path, 'is not a CLIP tokenizer');
  const vocabulary = parseVocabulary(model.vocab, path);
  return { vocabulary, merges: parseMerges(model.merges, vocabulary, path) };
}

interface Flagged {
  readonly content: string;
  readonly normalized: boolean;
}

/** A special token as the configuration files write it: a string, or an object with flags. */
function flagged(value: unknown): Flagged | null {
  if (typeof value === 'string') return { content: value, normalized: false };
  if (!isJsonObject(value) || typeof value.content !== 'string') return null;
  const { content, normalized, special } = value;
  return { content, normalized: typeof normalized === 'boolean' ? normalized : special !== true };
}

/** Tokens with ids of their own, which tokenizer_config.json, added_tokens.json and tokenizer.json may list. */
function listedTokens(
  config: JsonObject | null,
  addedTokens: JsonObject | null,
  serialized: JsonObject | null,
  path: string,
): AddedToken[] {
  const decoder = config?.added_tokens_decoder;
  // Keys of JSON objects are texts.
  const fromConfig = isJsonObject(decoder)
    ? Object.entries(decoder).map(([id, token]) => [/^\d+$/.test(id) ? Number(id) : id, token])
    : [];
  const list = serialized?.added_tokens;
  const fromSerialized = Array.isArray(list)
    ? list.filter(isJsonObject).map((token) => [token.id, token])
    : [];
  const tokens: AddedToken[] = [];
  for (const [id, value] of decoder === undefined ? fromSerialized : fromConfig) {
    const token = flagged(value);
    if (token !== null) tokens.push({ ...token, id: tokenId(id, token.content, path) });
  }
  if (decoder === undefined) {
    for (const [content, id] of Object.entries(addedTokens ?? {})) {
      tokens.push({ content, id: tokenId(id, content, path), normalized: true });
    }
  }
  return tokens;
}

/**
 * Reads a tokenizer folder as transformers 5.23 does: special_tokens_map.json over tokenizer_config.json, unless the
 * latter lists `added_tokens_decoder`; a token written as a string is looked for as it stands, one written with
 * flags as they say, the last mention counting.
 *
 * @throws Failure `tokenizer-missing`, `tokenizer-invalid`, `file-unreadable`, `json-invalid`
 */
export async function readClipTokenizerFiles(folder: string): Promise<ClipTokenizerFiles> {
  const config = await readJsonObject(join(folder, 'tokenizer_config.json'));
  const map = await readJsonObject(join(folder, 'special_tokens_map.json'));
  const addedTokens = await readJsonObject(join(folder, 'added_tokens.json'));
  const serialized = await readJsonObject(join(folder, 'tokenizer.json'));
  const { vocabulary, merges } = await readModel(folder, serialized);

  const listed = listedTokens(config, addedTokens, serialized, folder);
  const added = new Map(listed.map((token) => [token.content, token]));
  const overriding = config?.added_tokens_decoder === undefined ? map : null;
  const names = { ...defaults, ...config, ...overriding };
  const special = new Map<string, string>();
  for (const key of specialKeys) {
    const token = flagged(names[key]);
    if (token === null) continue;
    special.set(key, token.content);
    if (listed.some(({ content }) => content === token.content)) continue;
    const id = vocabulary.get(token.content);
    if (id === undefined)
      throw invalid(folder, `names ${JSON.stringify(token.content)} as ${key}, which its vocabulary lacks`);
    added.set(token.content, { ...token, id });
  }
  const named = (key: string): string => special.get(key) ?? String(defaults[key]);
  const length = config?.model_max_length;
  return {
    vocabulary,
    merges,
    added: [...added.values()],
    bos: named('bos_token'),
    eos: named('eos_token'),
    unknown: named('unk_token'),
    pad: named('pad_token'),
    // Where a folder does not say, transformers has no limit, and pipelines use the text encoder's, which is CLIP's.
    maxLength:
      typeof length === 'number' && Number.isInteger(length) && length >= 2 && length < 1e6 ? length : 77,
  };
}
