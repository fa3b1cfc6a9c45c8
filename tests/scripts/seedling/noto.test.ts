import { describe, expect, test } from 'vitest';

import { colorNames } from '../../../scripts/seedling/color-names.ts';
import { plainCode, readEmoji } from '../../../scripts/seedling/emoji-names.ts';
import { notoCaptions } from '../../../scripts/seedling/noto.ts';

describe('emoji names', () => {
  test.each([
    ['red apple', 'fruit'],
    ['fox', 'animal'],
    ['grinning face', 'face'],
    ['lobster', 'sea animal'],
    ['doughnut', 'dessert'],
    ['rocket', 'aircraft'],
    ['trumpet', 'musical instrument'],
    ['Aries', 'zodiac sign'],
    ['flag: Wales', 'flag'],
  ])('say that %s is a %s', (name, category) => {
    expect(readEmoji().find((emoji) => emoji.name === name)?.category).toBe(category);
  });

  test('name no code twice and drop the variation selector', () => {
    const codes = readEmoji().map(({ code }) => code);
    expect(new Set(codes).size).toBe(codes.length);
    expect(plainCode('2764-FE0F-200D-1F525')).toBe('2764-200d-1f525');
  });
});

describe('captions for a glyph', () => {
  const fox = { code: '1f98a', name: 'fox', category: 'animal', tags: ['animal', 'face'], skinTone: false };

  test('go from the bare name to name, kind, colours and tags', () => {
    expect(notoCaptions(fox, ['orange'])).toEqual([
      'fox',
      'a fox',
      'fox, animal',
      'emoji of a fox, orange',
      'flat art of fox, animal',
      'fox, animal, orange, face',
    ]);
  });

  test('do not say a word twice, and use the right article', () => {
    const face = { ...fox, name: 'angry face', category: 'face', tags: ['face', 'mad'] };
    expect(notoCaptions(face, [])).toEqual([
      'angry face',
      'an angry face',
      'emoji of an angry face',
      'flat art of angry face',
      'angry face, mad',
    ]);
    const second = (name: string) => notoCaptions({ ...fox, name }, [])[1];
    expect(['unicorn', 'grapes', 'umbrella'].map((name) => second(name))).toEqual([
      'a unicorn',
      'grapes, animal',
      'an umbrella',
    ]);
  });
});

describe('colour names', () => {
  test('are those on at least a fifth of what is drawn on white', () => {
    const pixels = (count: number, color: readonly number[]) => Array.from({ length: count }, () => color);
    const picture = [
      ...pixels(60, [220, 30, 40]),
      ...pixels(30, [50, 150, 60]),
      ...pixels(10, [40, 100, 220]),
      ...pixels(500, [255, 255, 255]),
    ];
    expect(colorNames(Uint8Array.from(picture.flat()))).toEqual(['red', 'green']);
    expect(colorNames(new Uint8Array(300).fill(255))).toEqual([]);
  });
});
