import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { ClipTokenizer } from '../../native/tokenizer/clip-tokenizer.ts';
import { loadClipTokenizer } from '../../native/tokenizer/clip-tokenizer.ts';
import { clipVocabulary } from '../../native/tokenizer/clip-vocabulary.ts';
import { trainBpe, writeClipTokenizer } from '../../native/tokenizer/train-bpe.ts';
import { captions, smallMaxLength, smallVocabularySize } from '../reference/tokenizer-vocabulary.ts';

interface Configuration {
  readonly pad: number;
  readonly 'tokenizer_config.json': object | null;
  readonly 'special_tokens_map.json': object | null;
  readonly ids: readonly (readonly number[])[];
  readonly 'ids that differ from sd1': Readonly<Record<string, readonly number[]>>;
}

interface Reference {
  readonly texts: readonly string[];
  readonly sd1: Configuration;
  readonly sd2: Configuration;
  readonly bare: Configuration;
  readonly decoder: Configuration;
  readonly small: Configuration;
}

// transformers 5.23.0, by tests/reference/tokenizer.py; padding is cut down to one token there.
const reference = JSON.parse(
  await readFile(new URL('../reference/fixtures/tokenizer-transformers.json', import.meta.url), 'utf8'),
) as Reference;

const clip = clipVocabulary();
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'screenfold tokenizer ü '));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

async function tokenizerFolder(name: string, files: Readonly<Record<string, unknown>>): Promise<string> {
  const path = join(folder, name);
  await mkdir(path, { recursive: true });
  for (const [file, content] of Object.entries(files)) {
    if (content === null) continue;
    await writeFile(join(path, file), typeof content === 'string' ? content : JSON.stringify(content));
  }
  return path;
}

const modelFiles = {
  'vocab.json': clip.vocab,
  'merges.txt': `#version: 0.2\n${clip.merges.join('\n')}\n`,
};

async function tokenizerOf(name: 'sd1' | 'sd2' | 'bare' | 'decoder'): Promise<ClipTokenizer> {
  const { 'tokenizer_config.json': config, 'special_tokens_map.json': map } = reference[name];
  const files = { ...modelFiles, 'tokenizer_config.json': config, 'special_tokens_map.json': map };
  return loadClipTokenizer(await tokenizerFolder(name, files));
}

function padded(ids: readonly number[], pad: number, length = 77): number[] {
  return [...ids, ...new Array<number>(length - ids.length).fill(pad)];
}

function idsOf(name: 'sd1' | 'sd2' | 'bare' | 'decoder'): Map<string, number[]> {
  const { pad, 'ids that differ from sd1': different } = reference[name];
  return new Map(
    reference.texts.map((text, i) => [
      text,
      padded((name === 'sd1' ? undefined : different[text]) ?? reference.sd1.ids[i]!, pad),
    ]),
  );
}

describe('the tokenizer of a Stable Diffusion folder', () => {
  test('has 49408 tokens', async () => {
    const tokenizer = await tokenizerOf('sd1');
    const { vocabularySize, maxLength, bosId, eosId, padId } = tokenizer;
    expect({ vocabularySize, maxLength, bosId, eosId, padId }).toEqual({
      vocabularySize: 49408,
      maxLength: 77,
      bosId: 49406,
      eosId: 49407,
      padId: 49407,
    });
  });

  test.each([
    ['of version 1, which pads with the end token', 'sd1'],
    ['of version 2, which pads with !, also where a text has one', 'sd2'],
    ['with no configuration at all', 'bare'],
    ['that lists its added tokens by id', 'decoder'],
  ] as const)('%s gives every hard text the ids of transformers', async (_, name) => {
    const tokenizer = await tokenizerOf(name);
    const expected = idsOf(name);
    expect(expected.size).toBeGreaterThan(250);
    for (const [text, ids] of expected) expect([text, tokenizer.encode(text)]).toEqual([text, ids]);
  });

  test('is read from tokenizer.json alone, as transformers 5 saves it', async () => {
    const token = (id: number, content: string, normalized: boolean): object => ({
      id,
      content,
      normalized,
      special: true,
    });
    const path = await tokenizerFolder('serialized', {
      'tokenizer.json': {
        added_tokens: [token(49406, '<|startoftext|>', true), token(49407, '<|endoftext|>', false)],
        model: {
          type: 'BPE',
          end_of_word_suffix: '</w>',
          vocab: clip.vocab,
          merges: clip.merges.map((line, i) => (i % 2 === 0 ? line.split(' ') : line)),
        },
      },
      'tokenizer_config.json': { model_max_length: 77, pad_token: '<|endoftext|>' },
    });
    const tokenizer = await loadClipTokenizer(path);
    for (const [text, ids] of idsOf('sd1')) expect([text, tokenizer.encode(text)]).toEqual([text, ids]);
  });

  test('counts a text as it encodes it, whatever is in it', async () => {
    const files = { ...modelFiles, 'tokenizer_config.json': { model_max_length: 5000 } };
    const tokenizer = await loadClipTokenizer(await tokenizerFolder('counting', files));
    const texts = [...reference.texts, ...captions].filter((text) => !/endoftext\|>\s*$/i.test(text));
    expect(texts.length).toBeGreaterThan(200);
    for (const text of texts.flatMap((one) => [one, ` ${one}  ${one}\n`])) {
      const ids = tokenizer.encode(text);
      const end = ids.findLastIndex((id) => id !== tokenizer.padId);
      expect([text, tokenizer.count(text)]).toEqual([text, end]);
    }
  });

  test('counts a token of several words as one', async () => {
    const files = { ...modelFiles, 'added_tokens.json': { 'a red fox': 49408 } };
    const tokenizer = await loadClipTokenizer(await tokenizerFolder('spaced', files));
    expect(tokenizer.count('a cat')).toBe(2);
    expect(tokenizer.count('a red fox')).toBe(1);
  });

  test('counts what a text takes before it is cut', async () => {
    const tokenizer = await tokenizerOf('sd1');
    expect(tokenizer.count('')).toBe(0);
    expect(tokenizer.count('a photo of a cat')).toBe(5);
    expect(tokenizer.count('cat, '.repeat(60))).toBe(120);
    expect(tokenizer.encode('cat, '.repeat(60))).toHaveLength(77);
  });

  test('takes a lone surrogate for a replacement character, and a word as long as a book', async () => {
    const tokenizer = await tokenizerOf('sd1');
    expect(tokenizer.encode('a\ud800b')).toEqual(tokenizer.encode('a\ufffdb'));
    expect(tokenizer.count('x'.repeat(200_000))).toBeGreaterThan(10_000);
  });

  test('finds tokens that were added to it', async () => {
    // ids as transformers 5.23.0 gives them for this folder: its lower-cased text is searched too.
    const path = await tokenizerFolder('added', {
      ...modelFiles,
      'added_tokens.json': { '<cat-toy>': 49408 },
    });
    const tokenizer = await loadClipTokenizer(path);
    expect(tokenizer.vocabularySize).toBe(49409);
    const ids = tokenizer.encode('# a <cat-toy> b <CAT-TOY>');
    expect(ids.slice(0, 7)).toEqual([49406, 258, 320, 49408, 321, 49408, 49407]);
  });
});

describe('a damaged tokenizer folder', () => {
  const small = { '!': 0, 'a</w>': 1, '<|startoftext|>': 2, '<|endoftext|>': 3, a: 4 };

  test.each<[string, Readonly<Record<string, unknown>>, string]>([
    ['is empty', {}, 'tokenizer-missing'],
    ['lacks its merges', { 'vocab.json': small }, 'tokenizer-missing'],
    ['has a vocabulary that is no JSON', { 'vocab.json': '{', 'merges.txt': '' }, 'json-invalid'],
    ['has a vocabulary that is a list', { 'vocab.json': '[]', 'merges.txt': '' }, 'json-invalid'],
    [
      'has an id that is no number',
      { 'vocab.json': { ...small, b: '5' }, 'merges.txt': '' },
      'tokenizer-invalid',
    ],
    ['has a negative id', { 'vocab.json': { ...small, b: -5 }, 'merges.txt': '' }, 'tokenizer-invalid'],
    ...([-1, 1.5, 1e300, '7', null] as const).map(
      (id): [string, Readonly<Record<string, unknown>>, string] => [
        `adds a token with the id ${String(id)}`,
        { 'vocab.json': small, 'merges.txt': '', 'added_tokens.json': { '<cat>': id } },
        'tokenizer-invalid',
      ],
    ),
    [
      'lists one with a negative id',
      {
        ...{ 'vocab.json': small, 'merges.txt': '' },
        'tokenizer_config.json': { added_tokens_decoder: { '-3': { content: '<cat>' } } },
      },
      'tokenizer-invalid',
    ],
    ['merges what it does not know', { 'vocab.json': small, 'merges.txt': 'a b</w>' }, 'tokenizer-invalid'],
    ['merges three', { 'vocab.json': small, 'merges.txt': 'a a a' }, 'tokenizer-invalid'],
    ['has no end token', { 'vocab.json': { '<|startoftext|>': 0 }, 'merges.txt': '' }, 'tokenizer-invalid'],
    [
      'is of another kind',
      { 'tokenizer.json': { model: { type: 'WordPiece', vocab: {} } } },
      'tokenizer-invalid',
    ],
  ])('that %s is refused by name', async (name, files, code) => {
    const path = await tokenizerFolder(`damaged ${name}`, files);
    await expect(loadClipTokenizer(path)).rejects.toMatchObject({
      name: 'Failure',
      code,
      message: expect.stringContaining(path) as string,
    });
  });
});

describe('a vocabulary of its own', () => {
  const vocabulary = trainBpe(captions, smallVocabularySize);

  test('has the size asked for, every byte, and the most frequent words whole', () => {
    expect(Object.keys(vocabulary.vocab)).toHaveLength(smallVocabularySize);
    expect(vocabulary.merges).toHaveLength(smallVocabularySize - 514);
    expect(Object.values(vocabulary.vocab).sort((a, b) => a - b)).toEqual(
      Array.from({ length: smallVocabularySize }, (_, id) => id),
    );
    for (const token of ['!', 'ÿ</w>', 'Ń</w>', 'of</w>', 'rocket</w>', '<|startoftext|>'])
      expect(vocabulary.vocab).toHaveProperty([token]);
  });

  test('is the same whatever order the texts come in', () => {
    expect(trainBpe([...captions].reverse(), smallVocabularySize)).toEqual(vocabulary);
  });

  test('stops where nothing repeats, and numbers a token once that two merges make', () => {
    const { vocab, merges } = trainBpe(['abc abc ab ab ab xbc xbc xbc xbc zabc zabc bcbc'], 5000);
    expect(new Set(Object.values(vocab)).size).toBe(Object.keys(vocab).length);
    expect(Math.max(...Object.values(vocab))).toBe(Object.keys(vocab).length - 1);
    expect(new Set(merges).size).toBe(merges.length);
    expect(() => trainBpe([], 513)).toThrow(RangeError);
    expect(Object.keys(trainBpe([], 5000).vocab)).toHaveLength(514);
  });

  test('is read by transformers from the files written, with the ids we give', async () => {
    const path = join(folder, 'small');
    await writeClipTokenizer(path, vocabulary, smallMaxLength);
    const tokenizer = await loadClipTokenizer(path);
    expect(tokenizer.vocabularySize).toBe(smallVocabularySize);
    const { pad, ids } = reference.small;
    reference.texts.forEach((text, i) => {
      expect([text, tokenizer.encode(text)]).toEqual([text, padded(ids[i]!, pad, smallMaxLength)]);
    });
  });
});
