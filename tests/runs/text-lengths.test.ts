import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import {
  captionWarning,
  cutCaptions,
  cutPrompts,
  promptWarning,
  readingOf,
  withLentWords,
  withTaughtWord,
} from '../../electron/runs/text-lengths.ts';
import { readTextReading } from '../../native/families/read-facts.ts';
import { writeSafetensors } from '../../native/weights/safetensors.ts';
import { writePretendConfigs, writePretendTokenizer } from './pretend-configs.ts';
import { temporaryFolder } from './temporary-folder.ts';

/** Words are tokens. */
const words = { limit: 4, count: (text: string) => text.split(/\s+/).filter(Boolean).length };
const image = (id: string, ...captions: string[]) => ({ id, captions });

test('a word that is taught counts as its vectors, and not as what it is spelled of', () => {
  // Letters are tokens.
  const count = (text: string) => text.replaceAll(/\s/g, '').length;
  const letters = { limit: 75, count, countPrompt: count };
  const method = { kind: 'embedding', word: '<wolf>', vectors: 3, initWords: '' } as const;
  const taught = withTaughtWord(letters, method);
  expect([taught.count('a <wolf>, <WOLF>'), taught.countPrompt('a fox')]).toEqual([1 + 3 + 1 + 3, 4]);
  expect(withTaughtWord(letters, { kind: 'full', textEncoder: false }).count('<wolf>')).toBe(6);
});

test('words lent by files count as their vectors, of several the longest name', async () => {
  const count = (text: string) => text.replaceAll(/\s/g, '').length;
  const folder = temporaryFolder();
  const write = async (name: string, vectors: number) => {
    const file = join(folder, `${name}.safetensors`);
    const data = () => Promise.resolve(new Float32Array(vectors * 16));
    await writeSafetensors(file, [{ name, dtype: 'F32', shape: [vectors, 16], data }]);
    return file;
  };
  const noWord = join(folder, 'none.safetensors');
  writeFileSync(noWord, 'nothing');
  const lent = await withLentWords({ limit: 75, count, countPrompt: count }, [
    { file: await write('wolf', 5) },
    { file: await write('wolf-ear', 7) },
    { file: await write('paw', 3), word: '<fox>' },
    { file: noWord },
  ]);
  expect(lent.countPrompt('a Wolf')).toBe(1 + 5);
  expect(lent.countPrompt('wolf-ear, <fox>')).toBe(7 + 1 + 3);
  expect(lent.count('paw wolfs')).toBe(3 + 5);
  expect(
    cutPrompts({ limit: 5, count: lent.countPrompt }, [{ prompt: 'a wolf', negativePrompt: '' }]),
  ).toEqual([{ text: 'a wolf', tokens: 6 }]);
});

describe('captions longer than a base reads', () => {
  test('are counted, and the longest is named', async () => {
    const images = [
      image('a.png', 'a red fox'),
      image('b.png', 'a red fox in deep snow'),
      image('c.png', 'a red fox in the deep snow'),
      image('d.png', ''),
    ];
    const cut = await cutCaptions(words, images);
    expect(cut).toMatchObject({ images: 4, cut: 2, longest: { image: 'c.png', tokens: 7 } });
    expect(captionWarning(4, cut)).toEqual([
      '2 of 4 captions are longer than the 4 tokens this base reads; the rest is left out. The longest: c.png, 7 tokens.',
    ]);
    expect(captionWarning(4, await cutCaptions(words, images.slice(0, 2)))).toEqual([
      '1 of 2 captions is longer than the 4 tokens this base reads; the rest is left out. It belongs to b.png, 6 tokens.',
    ]);
    const [only] = captionWarning(4, await cutCaptions(words, images.slice(1, 2)));
    expect(only).toMatch(/^1 of 1 caption is longer/);
  });

  test('are none where each fits to the last token', async () => {
    const cut = await cutCaptions(words, [image('a.png', 'one two three four', '')]);
    expect(captionWarning(4, cut)).toEqual([]);
  });

  test('count once for an image that is trained on several', async () => {
    const several = [image('a.png', 'fox', '1 2 3 4 5', '1 2 3 4 5 6'), image('b.png', 'fox')];
    expect(await cutCaptions(words, several)).toMatchObject({ images: 2, cut: 1, longest: { tokens: 6 } });
  });

  test('leave others in the process their turn while very many are counted', async () => {
    let turns = 0;
    const timer = setInterval(() => (turns += 1), 1);
    const slow = { limit: 4, count: () => Math.max(0, burn(1)) };
    await cutCaptions(
      slow,
      Array.from({ length: 100 }, (_, i) => image(`${i}`, 'a')),
    );
    clearInterval(timer);
    expect(turns).toBeGreaterThan(3);
  });
});

/** Keeps the processor busy for some milliseconds. */
function burn(milliseconds: number): number {
  const until = performance.now() + milliseconds;
  while (performance.now() < until);
  return 1;
}

describe('prompts longer than a model reads', () => {
  test('are told with their beginning, negative ones too', () => {
    const long = 'a very detailed painting of a fox in the snow at dawn';
    const prompts = [
      { prompt: 'a fox', negativePrompt: 'blurry\nugly bad hands text' },
      { prompt: long, negativePrompt: '' },
    ];
    const cut = cutPrompts(words, prompts);
    expect(cut).toEqual([
      { text: 'blurry\nugly bad hands text', tokens: 5 },
      { text: long, tokens: 12 },
    ]);
    expect(promptWarning(4, cut)).toEqual([
      '2 prompts are longer than the 4 tokens this model reads; the rest is left out. The longest: “a very detailed painting of a fox in the snow a…”, 12 tokens.',
    ]);
    expect(promptWarning(4, cut.slice(0, 1))).toEqual([
      'The prompt “blurry ugly bad hands text” has 5 tokens, more than the 4 tokens this model reads; the rest is left out.',
    ]);
    expect(promptWarning(4, [])).toEqual([]);
  });
});

describe('how a base reads texts', () => {
  test('is what its own tokenizer says, and is read anew when that changes', async () => {
    const folder = temporaryFolder();
    writePretendConfigs(folder, 16);
    await writePretendTokenizer(folder, 12);
    const reading = await readTextReading(folder);
    expect([reading.limit, reading.count('fox in')]).toEqual([10, 5]);
    expect(await readTextReading(folder)).toBe(reading);
    await writePretendTokenizer(folder, 777);
    expect((await readTextReading(folder)).limit).toBe(775);
  });

  test('is unknown where the tokenizer is missing or broken, for the engine to tell', async () => {
    const folder = temporaryFolder();
    writePretendConfigs(folder, 16);
    expect(await readingOf(folder)).toBeNull();
    await writePretendTokenizer(folder, 12);
    writeFileSync(join(folder, 'tokenizer', 'vocab.json'), '{');
    expect(await readingOf(folder)).toBeNull();
    expect(await readingOf(join(folder, 'gone'))).toBeNull();
  });
});
