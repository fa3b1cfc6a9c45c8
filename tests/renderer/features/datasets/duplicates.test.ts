import { expect, test } from 'vitest';

import type { ImageRow } from '../../../../electron/contract/datasets.ts';
import { bestOf, keptOut } from '../../../../renderer/features/datasets/duplicates/duplicates.ts';

const image = (id: number, change: Partial<ImageRow> = {}): ImageRow => ({
  id,
  file: `${id}.png`,
  width: 100,
  height: 100,
  bytes: 1000,
  heldOut: false,
  excluded: false,
  repeats: 1,
  caption: null,
  ...change,
});

test('the image of most pixels is kept, then the largest file, then the first', () => {
  expect(bestOf({ images: [image(1), image(2, { width: 200 }), image(3)] }).id).toBe(2);
  expect(bestOf({ images: [image(1), image(2), image(3, { bytes: 2000 })] }).id).toBe(3);
  expect(bestOf({ images: [image(2), image(1)] }).id).toBe(1);
});

test('across the split, what is trained on is kept', () => {
  expect(bestOf({ images: [image(1, { heldOut: true, width: 900 }), image(2)] }).id).toBe(2);
});

test('all others are left out', () => {
  const images = [image(1), image(2), image(3)];
  expect(keptOut({ images }, images[1]!)).toEqual([1, 3]);
});
