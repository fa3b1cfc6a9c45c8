import { join } from 'node:path';

import { expect, test } from 'vitest';

import { differingRecipe, drawnAs, runsSheet } from '../../electron/gallery/runs-sheet.ts';
import { planSamples } from '../../electron/gallery/sample-plan.ts';
import type { Run } from '../../electron/runs/run-folder.ts';
import { exampleRun, writeCheckpoint, writeWeights } from '../runs/example-run.ts';
import { temporaryFolder } from '../runs/temporary-folder.ts';

async function sheetOf(runs: readonly Run[]) {
  const columns = [];
  for (const run of runs) {
    writeWeights(run.job.base);
    if (run !== runs.at(-1)) writeCheckpoint(run, 1);
    const samples = await planSamples(drawnAs(run, runs[0]!), {
      prompts: [{ prompt: 'a fox', negativePrompt: '' }],
      epochs: [run === runs.at(-1) ? 0 : 1],
    });
    columns.push({ run, samples, isUntrained: run === runs.at(-1) });
  }
  return runsSheet(columns, differingRecipe(runs, true));
}

test('a sheet of several runs says only what is true of all, and tells runs of one name apart', async () => {
  const folder = temporaryFolder();
  const runs = [
    exampleRun(join(folder, 'a', 'last'), { train: { epochs: 5 }, samples: { steps: 12, seeds: [3] } }),
    exampleRun(join(folder, 'b', 'last'), { train: { epochs: 9 }, samples: { steps: 30, seeds: [3] } }),
    exampleRun(join(folder, 'c'), {
      name: 'wolves',
      train: { epochs: 5 },
      samples: { steps: 12, seeds: [3] },
    }),
  ];
  const { subtitle, columns, footer, pictures } = await sheetOf(runs);
  expect(subtitle).not.toContain('epochs');
  expect(subtitle).toMatch(/^2 images, .*over base$/);
  expect(columns).toEqual([
    { text: `foxes (${join('a', 'last')})`, note: 'Epoch 1' },
    { text: `foxes (${join('b', 'last')})`, note: 'Epoch 1' },
    { text: 'wolves', note: 'Base, no epoch kept yet' },
  ]);
  expect(footer).toEqual([
    expect.stringMatching(/ 12 steps, .*seed 3; the same noise/),
    expect.stringContaining('the runs differ in their own (steps)'),
  ]);
  expect(pictures[0]).not.toContain(null);
});

test('runs with the same settings need no note, and clip skip stays each run’s own', async () => {
  const folder = temporaryFolder();
  const run = (name: string, clipSkip: number) =>
    exampleRun(join(folder, name), { name, train: { clipSkip }, samples: { seeds: [3] } });
  const { columns, footer } = await sheetOf([run('a', 1), run('b', 2)]);
  expect(columns.map(({ text }) => text)).toEqual(['a', 'b']);
  expect(footer).toEqual([expect.stringContaining('each with its own clip skip, seed 3')]);
});
