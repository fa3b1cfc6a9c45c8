import { expect, test } from 'vitest';

import type { TrainingImage } from '../../native/jobs.ts';
import { seenImages } from '../../native/training/seen-images.ts';

const image = (id: string, width = 64): TrainingImage =>
  ({ id, width, height: 64, captions: [''] }) as unknown as TrainingImage;
const ids = (images: readonly TrainingImage[]) => images.map(({ id }) => id);

test('as many trained images are judged as are held out, spread over the data', () => {
  const trained = Array.from({ length: 10 }, (_, at) => image(`${at}`));
  expect(ids(seenImages(trained, [image('x'), image('y')]))).toEqual(['0', '5']);
  expect(seenImages(trained, [])).toEqual([]);
});

test('of every shape as many as are held out of it, as far as there are', () => {
  const trained = [image('a'), image('wide 1', 96), image('b'), image('wide 2', 96)];
  const held = [image('x', 96), image('y', 96), image('z', 96), image('w'), image('v', 32)];
  expect(ids(seenImages(trained, held))).toEqual(['wide 1', 'wide 2', 'a']);
});
