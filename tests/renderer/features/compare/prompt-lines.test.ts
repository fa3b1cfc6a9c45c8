import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { promptsFromLines, seedsFromText } from '../../../../renderer/features/compare/prompt-lines.ts';

describe('prompts', () => {
  test('are one a line, all with the negative prompt', () => {
    expect(promptsFromLines(' a cat \r\n\n a dog', 'blurry ')).toEqual([
      { prompt: 'a cat', negativePrompt: 'blurry' },
      { prompt: 'a dog', negativePrompt: 'blurry' },
    ]);
  });

  test('come once, and not where they are already', () => {
    const present = [{ prompt: 'a cat', negativePrompt: '' }];
    expect(promptsFromLines('a cat\na dog\na dog', '', present).map(({ prompt }) => prompt)).toEqual([
      'a dog',
    ]);
    expect(promptsFromLines('a cat', 'blurry', present)).toHaveLength(1);
  });
});

describe('seeds', () => {
  test('are numbers and ranges, each once', () => {
    expect(seedsFromText('3, 8-10 9;3')).toEqual([3, 8, 9, 10]);
    expect(seedsFromText('')).toEqual([]);
  });

  test.each(['x', '-1', '1.5', '9-3', '0-5000', '99999999999999999999'])('%s is none', (text) => {
    expect(seedsFromText(text)).toBeNull();
  });

  test('survive being written out', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(), { maxLength: 20 }), (seeds) => {
        expect(seedsFromText(seeds.join(', '))).toEqual(seeds);
      }),
    );
  });
});
