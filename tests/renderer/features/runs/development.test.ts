import { describe, expect, test } from 'vitest';

import type { Comparison, Sample } from '../../../../electron/contract/gallery.ts';
import { development, withSample } from '../../../../renderer/features/runs/development.ts';
import { epochRows } from '../../../../renderer/features/runs/epoch-rows.ts';
import { exampleRequest, exampleRun } from '../../example-run.ts';

const sample = (id: number, epoch: number, seed: number): Sample => ({
  id,
  runId: 7,
  modelId: null,
  epoch,
  prompt: 'a crab',
  negativePrompt: '',
  seed,
  recipe: exampleRequest.recipe,
  status: 'ready',
  failure: null,
  favourite: false,
  createdAt: 0,
});

const comparison: Comparison = {
  runs: [
    {
      id: 7,
      name: 'emoji',
      captionSetName: 'From metadata',
      baseName: 'Seedling',
      method: 'full',
      epochs: [0, 1, 2],
      losses: [{ epoch: 2, trainLoss: 0.2, validationLoss: 0.3 }],
      recipe: exampleRequest.recipe,
    },
  ],
  prompts: [{ prompt: 'a crab', negativePrompt: '', heldOutImageId: null }],
  seeds: [0, 1],
  samples: [sample(1, 0, 0), sample(2, 2, 1)],
};

describe('the development of a run', () => {
  const unfolded = development(exampleRun, [1, 2, 5, 10], comparison);

  test('begins with the base and has a place for what is to come', () => {
    expect(unfolded.epochs.map(({ epoch, hasCheckpoint }) => [epoch, hasCheckpoint])).toEqual([
      [0, true],
      [1, true],
      [2, true],
      [5, false],
      [10, false],
    ]);
    expect(unfolded.epochs[2]?.validationLoss).toBe(0.3);
  });

  test('has a row for each prompt and seed, with each picture in its place', () => {
    expect(
      unfolded.rows.map(({ seed, samples }) => [seed, samples.map((entry) => entry?.id ?? null)]),
    ).toEqual([
      [0, [1, null, null, null, null]],
      [1, [null, null, 2, null, null]],
    ]);
  });

  test('takes in a picture that comes, in place of what it was', () => {
    const failed = { ...sample(2, 2, 1), status: 'failed' as const };
    expect(withSample(comparison, failed).samples).toEqual([sample(1, 0, 0), failed]);
    expect(withSample(comparison, sample(3, 1, 0)).samples).toHaveLength(3);
  });
});

describe('the table of epochs', () => {
  const rows = epochRows(
    {
      checkpoints: [1, 2],
      ledger: [
        { epoch: 1, seconds: 10, images: 20, cost: 0.1 },
        { epoch: 2, seconds: 0, images: 0, cost: null },
      ],
    },
    {
      epochs: [
        { epoch: 0, trainLoss: null, validationLoss: 0.5 },
        { epoch: 1, trainLoss: 0.4, validationLoss: 0.2 },
        { epoch: 2, trainLoss: 0.3, validationLoss: 0.3 },
        { epoch: 3, trainLoss: 0.2, validationLoss: 0.1 },
      ],
    },
  );

  test('joins losses, time and cost by the epoch', () => {
    expect(rows[1]).toMatchObject({ epoch: 1, trainLoss: 0.4, seconds: 10, imagesPerSecond: 2, cost: 0.1 });
    expect(rows[2]).toMatchObject({ epoch: 2, imagesPerSecond: null, cost: null });
    expect(rows[3]).toMatchObject({ epoch: 3, seconds: null, hasCheckpoint: false });
  });

  test('begins with what was measured before training', () => {
    expect(rows[0]).toMatchObject({ epoch: 0, validationLoss: 0.5, trainLoss: null, hasCheckpoint: false });
  });

  test('marks the lowest held-out loss of all, and the checkpoint that comes nearest', () => {
    expect(rows.map(({ mark }) => mark)).toEqual([null, 'nearest', null, 'lowest']);
  });

  test('marks one checkpoint where that is the lowest, and what was before training where nothing is lower', () => {
    const marksOf = (before: number) =>
      epochRows(
        { checkpoints: [1], ledger: [] },
        {
          epochs: [
            { epoch: 0, trainLoss: null, validationLoss: before },
            { epoch: 1, trainLoss: 0.4, validationLoss: 0.2 },
          ],
        },
      ).map(({ mark }) => mark);
    expect(marksOf(0.3)).toEqual([null, 'lowest']);
    expect(marksOf(0.1)).toEqual(['lowest', null]);
  });
});
