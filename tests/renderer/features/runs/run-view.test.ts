import { describe, expect, test } from 'vitest';

import type { RunProgress } from '../../../../electron/contract/runs.ts';
import { groupRuns, movedPosition } from '../../../../renderer/features/runs/run-order.ts';
import { finishedText } from '../../../../renderer/features/runs/run-status.ts';
import { runView } from '../../../../renderer/features/runs/run-view.ts';
import { exampleRun } from '../../example-run.ts';

const progress: RunProgress = {
  runId: 7,
  status: 'training',
  phase: null,
  done: 0,
  total: 0,
  epoch: 2,
  epochs: 10,
  step: 57,
  steps: 190,
  loss: 0.1,
  learningRate: 1e-5,
  imagesPerSecond: 4,
  secondsLeft: 120,
  seconds: 70,
  cost: null,
  device: null,
};

describe('how a run stands', () => {
  test('is said of one that ended early by the epoch it came to', () => {
    expect(finishedText({ epoch: 10, epochs: 10 })).toBe('Finished, 10 epochs');
    expect(finishedText({ epoch: 6, epochs: 10 })).toBe('Stopped early, after epoch 6 of 10');
  });

  test('is what was written down of it while nothing is heard', () => {
    expect(runView(exampleRun, null)).toMatchObject({
      status: 'training',
      fraction: 0.2,
      reached: 2,
      epoch: 2,
      seconds: 65,
      imagesPerSecond: null,
    });
  });

  test('is what its engine last said, as soon as that is heard', () => {
    expect(runView(exampleRun, { ...progress, step: 58 })).toMatchObject({
      epoch: 4,
      seconds: 70,
      secondsLeft: 120,
    });
  });

  test('is not what another run said', () => {
    expect(runView(exampleRun, { ...progress, runId: 8 }).seconds).toBe(65);
  });

  test('counts an epoch as reached at its last step, the next from the step after', () => {
    const epochAt = (step: number) => runView(exampleRun, { ...progress, step }).epoch;
    expect([0, 1, 19, 20, 190].map(epochAt)).toEqual([0, 1, 1, 2, 10]);
  });

  test('names what goes before training, and how far that is', () => {
    const preparing = {
      ...progress,
      status: 'preparing' as const,
      phase: 'encoding images',
      done: 3,
      total: 76,
    };
    expect(runView(exampleRun, preparing).phase).toEqual({ name: 'encoding images', done: 3, total: 76 });
  });
});

describe('the list of runs', () => {
  const queued = [
    { ...exampleRun, id: 11, status: 'queued' as const, queuePosition: 2 },
    { ...exampleRun, id: 12, status: 'queued' as const, queuePosition: 1 },
  ];

  test('has the queue in its order, the past newest first, and apart what can go on', () => {
    const older = { ...exampleRun, id: 3, status: 'finished' as const, createdAt: 5 };
    const newer = { ...exampleRun, id: 4, status: 'interrupted' as const, createdAt: 9 };
    const failed = { ...exampleRun, id: 5, status: 'failed' as const, createdAt: 7 };
    const groups = groupRuns([older, ...queued, exampleRun, newer, failed]);
    expect(groups.underWay.map(({ id }) => id)).toEqual([7]);
    expect(groups.queued.map(({ id }) => id)).toEqual([12, 11]);
    expect(groups.past.map(({ id }) => id)).toEqual([5, 3]);
    expect(groups.waiting.map(({ id }) => id)).toEqual([4]);
  });

  test('moves a run by one place, and no further than the ends', () => {
    const ordered = groupRuns(queued).queued;
    expect(movedPosition(ordered, 12, 1)).toBe(2);
    expect(movedPosition(ordered, 12, -1)).toBeNull();
    expect(movedPosition(ordered, 11, 1)).toBeNull();
  });
});
