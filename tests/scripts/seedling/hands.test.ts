import { describe, expect, test } from 'vitest';

import { emojiOf, heldOutHands, taughtHands } from '../../../scripts/seedling/hands.ts';
import { openIconSet } from '../../../scripts/seedling/icon-set.ts';
import { learnedPictures } from '../../../scripts/seedling/many-hands.ts';

describe('a hand', () => {
  test.each([
    ['twemoji', 'fox', 'fox'],
    ['fluent-emoji-flat', 'hot beverage', 'hot-beverage'],
    // Named by the set alone, squeezed together, and the first of several.
    ['emojione', 'red apple', 'red-apple'],
    ['fxemoji', 'birthday cake', 'birthdaycake'],
    ['streamline-emojis', 'birthday cake', 'birthday-cake-1'],
  ])('of %s draws %s as its icon %s', async (prefix, name, icon) => {
    const found = await emojiOf(await openIconSet(prefix));
    expect(found.find(({ emoji }) => emoji.name === name)?.icon).toBe(icon);
  });

  test('that is taught is not one of those held out, and is free to be learned from', () => {
    const heldOut = Object.values(heldOutHands).map(({ prefix }): string => prefix);
    expect(taughtHands.filter(({ prefix }) => heldOut.includes(prefix))).toEqual([]);
    expect(taughtHands.map(({ prefix }) => prefix)).not.toContain('openmoji');
  });
});

describe('what is learned of a thing', () => {
  const noto = {
    file_name: '1f98a.png',
    captions: ['fox', 'a fox', 'fox, animal'],
    name: 'fox',
    category: 'animal',
    colors: ['orange'],
    skin_tone_variant: false,
  };
  const [hand] = taughtHands;
  const image = { file_name: '1f98a.png', name: 'fox', category: 'animal', tags: [], colors: ['orange'] };
  const owl = { ...image, file_name: '1f989.png', name: 'owl' };
  const pictures = learnedPictures([noto], [[hand!, [image, owl]]]);

  test('has other hands in their names, and most bare names in Noto', () => {
    const bare = (prefix: string): number =>
      pictures
        .filter((picture) => picture.prefix === prefix && picture.change.kind !== 'treated')
        .reduce((sum, { captions, repeats }) => {
          const share = captions.filter((caption) => caption === 'fox' || caption === 'a fox').length;
          return sum + (repeats * share) / captions.length;
        }, 0);
    expect(bare('noto')).toBeGreaterThan(3 * bare('noto-v1'));
    expect(pictures.some(({ captions }) => captions.includes('an owl in blob style'))).toBe(true);
  });

  test('is never painted in colours where the report asks for them', () => {
    const painted = pictures.filter(({ change }) => change.kind === 'painted').map(({ file }) => file);
    expect(painted).toEqual(['1f989.png']);
  });
});
