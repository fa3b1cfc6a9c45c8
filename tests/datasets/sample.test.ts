import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { bucketsFor } from '../../electron/datasets/buckets.ts';
import { captionsFor } from '../../electron/datasets/captions.ts';
import { readDataset } from '../../electron/datasets/dataset.ts';
import { splitDataset } from '../../electron/datasets/split.ts';
import { toTrainingImages } from '../../electron/datasets/training-images.ts';

describe('the sample data set', () => {
  it('is whole, captioned by its template, and holds out twelve', async () => {
    const sample = fileURLToPath(new URL('../../resources/sample', import.meta.url));
    const dataset = await readDataset(sample);
    expect(dataset.problems).toEqual([]);
    const { training, validation } = splitDataset(dataset.images, { kind: 'marked' });
    expect([training.length, validation.length]).toEqual([76, 12]);
    const captions = captionsFor(dataset.images, {
      kind: 'template',
      template: 'official 3d art of ${name}, ${category}',
    });
    expect(captions.missing).toEqual([]);
    const fox = toTrainingImages(training, captions, bucketsFor(64)).find(({ id }) => id === 'fox.webp');
    expect(fox).toMatchObject({
      captions: ['official 3d art of fox, animal'],
      width: 64,
      height: 64,
      repeats: 1,
    });
  });
});
