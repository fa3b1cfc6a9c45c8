import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { readMetrics } from '../../electron/runs/metrics.ts';
import { temporaryFolder } from './temporary-folder.ts';

function line(step: number): string {
  return JSON.stringify({ type: 'step', step, loss: step, learningRate: 1, gradientNorm: 2, epoch: 1 });
}

test('a long run is thinned to means, and a half-written line is passed over', async () => {
  const folder = temporaryFolder();
  const lines = Array.from({ length: 9999 }, (_, index) => line(index + 1));
  writeFileSync(join(folder, 'metrics.jsonl'), `${lines.join('\n')}\n${line(10_000).slice(0, 20)}`);
  const { steps } = await readMetrics(folder, { steps: 10_000, stepsPerEpoch: 100 });
  expect(steps.step).toHaveLength(2000);
  // The mean of steps 1 to 5.
  expect([steps.step[0], steps.loss[0], steps.epoch[0]]).toEqual([3, 3, 0.03]);
  // One short: 9996 to 9999.
  expect(steps.step.at(-1)).toBe(9997.5);
});

test('a step that was skipped is counted and has no place in the curves', async () => {
  const folder = temporaryFolder();
  const skipped = JSON.stringify({
    ...{ type: 'step', step: 2, loss: null, learningRate: 1, gradientNorm: null, epoch: 1, skippedSteps: 1 },
  });
  const third = `${line(3).slice(0, -1)},"skippedSteps":1}`;
  writeFileSync(join(folder, 'metrics.jsonl'), `${line(1)}\n${skipped}\n${third}\n`);
  const { steps, skippedSteps } = await readMetrics(folder, { steps: 10, stepsPerEpoch: 5 });
  expect([steps.step, skippedSteps]).toEqual([[1, 3], 1]);
});

test('a run that has not begun has empty curves', async () => {
  const { steps, epochs } = await readMetrics(temporaryFolder(), { steps: 10, stepsPerEpoch: 5 });
  expect([steps.step, epochs]).toEqual([[], []]);
});
