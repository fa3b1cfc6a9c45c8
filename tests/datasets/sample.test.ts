import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import { describe, expect, test } from 'vitest';

import { captionsFor } from '../../electron/datasets/captions/captions.ts';
import { readDataset } from '../../electron/datasets/dataset.ts';
import { bucketsFor } from '../../electron/datasets/images/buckets.ts';
import { splitDataset } from '../../electron/datasets/images/split.ts';
import { toTrainingImages } from '../../electron/datasets/training-images.ts';
import { readRunSpec } from '../../electron/runs/read-run-spec.ts';

describe('the sample data set', () => {
  test('is whole, captioned by its template, and holds out twelve', async () => {
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
  test('comes with a run of its own, as the run file schema has it, whose epochs kept are those it shows', async () => {
    const file = fileURLToPath(new URL('../../resources/sample/run.json', import.meta.url));
    const spec = await readRunSpec(file, []);
    expect(spec.data.folder).toBe(dirname(file));
    expect(spec.base).toBe(resolve(dirname(file), '../seedling'));
    expect(spec.data.captions).toEqual({
      kind: 'template',
      template: 'official 3d art of ${name}, ${category}',
    });
    expect(spec.train.epochs).toBeGreaterThanOrEqual(30);
    expect(spec.train.checkpoints).toEqual(expect.arrayContaining([1, 2, 5, 15, spec.train.epochs]));
    const { images } = await readDataset(spec.data.folder, { verify: false });
    const captions = images.map(
      ({ metadata: { name, category } }) => `official 3d art of ${String(name)}, ${String(category)}`,
    );
    expect(captions).toEqual(expect.arrayContaining(spec.samples.prompts.map(({ prompt }) => prompt)));
  });
});
