import { join, resolve } from 'node:path';

import { InvalidArgumentError } from 'commander';
import { describe, expect, test } from 'vitest';

import {
  captionTokens,
  clipSkip,
  embeddingUse,
  epochToExport,
  loraUse,
  naturalNumber,
  numberFromZero,
  numberList,
  overridesOf,
  positiveNumber,
  size,
  type TrainFlags,
  wholeNumber,
} from '../../electron/cli/arguments.ts';
import { refuseMixedMethods } from '../../electron/cli/method-flags.ts';
import type { Failure } from '../../native/failure.ts';

describe('what is typed', () => {
  test('as a list of numbers may hold ranges, and may be given in parts', () => {
    expect(numberList('0,2, 5', undefined)).toEqual([0, 2, 5]);
    expect(numberList('0-3', undefined)).toEqual([0, 1, 2, 3]);
    expect(numberList('7', [1])).toEqual([1, 7]);
  });

  test.each(['', '1,', 'a', '3-1', '-1', '1.5', '0-99999999'])(
    'as a list of numbers may not be "%s"',
    (text) => {
      expect(() => numberList(text, undefined)).toThrow(InvalidArgumentError);
    },
  );

  test('as a new word is its file, and may say what it is called', () => {
    expect(embeddingUse('glyph.safetensors', undefined)).toEqual([{ file: 'glyph.safetensors' }]);
    const first = embeddingUse('C:\\words\\glyph.pt', undefined);
    expect(first).toEqual([{ file: 'C:\\words\\glyph.pt' }]);
    expect(embeddingUse('words.2/a.safetensors:<sks one>', first)).toEqual([
      ...first,
      { file: 'words.2/a.safetensors', word: '<sks one>' },
    ]);
    for (const text of ['', 'glyph.safetensors:', 'glyph.safetensors: '])
      expect(() => embeddingUse(text, undefined)).toThrow(InvalidArgumentError);
  });

  test('as how texts are read is within what there is', () => {
    expect([clipSkip('2'), captionTokens('150')]).toEqual([2, 150]);
    for (const text of ['0', '13', 'x']) expect(() => clipSkip(text)).toThrow(InvalidArgumentError);
    expect(() => captionTokens('77')).toThrow('75, 150, 225');
  });

  test('as an epoch to export is not the base, and says so', () => {
    expect(epochToExport('5')).toBe(5);
    expect(() => epochToExport('0')).toThrow('Epoch 0 is the base itself');
    expect(() => epochToExport('-1')).toThrow(InvalidArgumentError);
  });

  test('as a size is a square or two sides', () => {
    expect(size('512')).toEqual({ width: 512, height: 512 });
    expect(size('640x512')).toEqual({ width: 640, height: 512 });
    expect(() => size('640×')).toThrow(InvalidArgumentError);
    expect(() => size('0')).toThrow(InvalidArgumentError);
  });

  test('as a LoRA is a file and how strongly it is laid over', () => {
    expect(loraUse('a.safetensors', undefined)).toEqual([{ file: 'a.safetensors', strength: 1 }]);
    expect(loraUse('C:\\a b.safetensors:-.5', [{ file: 'a', strength: 2 }])).toEqual([
      { file: 'a', strength: 2 },
      { file: 'C:\\a b.safetensors', strength: -0.5 },
    ]);
    expect(loraUse('odd:name', undefined)).toEqual([{ file: 'odd:name', strength: 1 }]);
    for (const text of ['', 'a:11', 'a:-99'])
      expect(() => loraUse(text, undefined)).toThrow(InvalidArgumentError);
  });

  test('as a number is told its limit, so that no seed is taken for another', () => {
    const largest = String(Number.MAX_SAFE_INTEGER);
    expect(numberList(largest, undefined)).toEqual([Number.MAX_SAFE_INTEGER]);
    for (const read of [wholeNumber, naturalNumber, (text: string) => numberList(text, undefined)]) {
      for (const text of ['9007199254740992', '99999999999999999999999']) {
        expect(() => read(text)).toThrow(`It must be at most ${largest}.`);
      }
    }
    expect(() => numberList('0-99999999', undefined)).toThrow('A range may hold 10,000 numbers at most.');
    expect(size('8192x8')).toEqual({ width: 8192, height: 8 });
    expect(() => size('80000')).toThrow('It must be at most 8192 pixels a side.');
    expect(() => size('8x99999999999999999999')).toThrow('It must be at most 9007199254740991.');
  });

  test('as a number is one', () => {
    expect(wholeNumber('0')).toBe(0);
    expect(positiveNumber('1e-4')).toBe(1e-4);
    for (const text of ['', ' ', 'NaN', 'Infinity', '-1', '0']) {
      expect(() => positiveNumber(text)).toThrow(InvalidArgumentError);
    }
    expect(numberFromZero('0')).toBe(0);
    expect(() => numberFromZero('-1')).toThrow(InvalidArgumentError);
    expect(() => naturalNumber('0')).toThrow(InvalidArgumentError);
  });

  test('as a path is meant from the working folder, wherever the run file lies', () => {
    const here = resolve('/home/me');
    expect(overridesOf({ base: 'models/a', data: '/photos' }, here)).toEqual([
      { path: ['base'], value: join(here, 'models', 'a') },
      { path: ['data', 'folder'], value: resolve('/photos') },
    ]);
  });

  test('with a rank means LoRA', () => {
    expect(overridesOf({ rank: 4 }, '/')).toEqual([
      { path: ['method', 'kind'], value: 'lora' },
      { path: ['method', 'rank'], value: 4 },
    ]);
  });

  test('with an optimizer mean its kind', () => {
    expect(overridesOf({ optimizer: 'lion' }, '/')).toEqual([
      { path: ['train', 'optimizer', 'kind'], value: 'lion' },
    ]);
  });

  test('by --set comes last, so it wins', () => {
    const set = [{ path: ['train', 'epochs'], value: 9 }];
    expect(overridesOf({ epochs: 3, set }, '/').map(({ value }) => value)).toEqual([3, 9]);
  });
});

describe('flags of one method beside those of another', () => {
  const refused = (flags: TrainFlags) => {
    try {
      refuseMixedMethods(flags);
      return null;
    } catch (error) {
      return error as Failure;
    }
  };

  test.each<[TrainFlags, string, string]>([
    [
      { method: 'lora', word: 'mywolf' },
      '--word is for teaching a new word, which the method lora does not.',
      'Leave --method out to teach a word, or leave --word out to train by lora.',
    ],
    [
      { word: 'mywolf', vectors: 2, rank: 4 },
      '--word is for teaching a new word, and --rank for training a LoRA: a run does one of them.',
      'Leave --word, --vectors out, or --rank; for both, train two runs.',
    ],
    [
      { method: 'full', rank: 4 },
      '--rank is for training a LoRA, which the method full does not.',
      'Leave --method out to train a LoRA, or leave --rank out to train by full.',
    ],
  ])('%j say what to do', (flags, message, hint) => {
    expect(refused(flags)).toMatchObject({ code: 'usage', message, hint });
  });

  test('are let be where they go together', () => {
    for (const flags of [{ word: 'a', method: 'embedding' }, { method: 'lora', rank: 4 }, { rank: 4 }, {}])
      expect(refused(flags)).toBeNull();
  });
});
