import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import type { Engine } from '../../electron/engine/engine.ts';
import { createRun } from '../../electron/runs/run-folder.ts';
import type { GenerateJob } from '../../native/jobs.ts';
import { picture } from '../datasets/folder.ts';
import { exampleRun, writeCheckpoint, writeWeights } from '../runs/example-run.ts';
import { temporaryFolder } from '../runs/temporary-folder.ts';
import { screenfold } from './typed.ts';

test('several runs are laid side by side at their last epochs, of the first one’s prompts and seeds', async () => {
  const folder = temporaryFolder();
  const made: GenerateJob[] = [];
  const engine = {
    run: async (job: GenerateJob) => {
      made.push(job);
      for (const { output } of job.pictures) writeFileSync(output, await picture(1));
      return { kind: 'generate', pictures: job.pictures.length, seconds: 1 };
    },
  } as unknown as Engine;
  for (const [name, prompt] of [
    ['low', 'a fox'],
    ['high', 'a cat'],
  ] as const) {
    const run = exampleRun(join(folder, name), { samples: { prompts: [prompt], seeds: [3, 4] } });
    await createRun(run);
    writeWeights(run.job.base, 'weights of the base');
    for (const epoch of [1, 5]) writeCheckpoint(run, epoch);
  }
  const { code, out, error } = await screenfold(folder, ['compare', 'low', 'high'], engine);
  expect([code, error]).toEqual([0, '']);
  const sheet = join(folder, 'runs-side-by-side.png');
  expect(out).toContain(`Side by side: ${sheet}`);
  expect(readFileSync(sheet).subarray(1, 4).toString()).toBe('PNG');
  const asked = made.flatMap(({ pictures }) => pictures.map(({ prompt, seed }) => [prompt, seed]));
  expect(asked).toEqual([3, 4, 3, 4].map((seed) => ['a fox', seed]));
  expect(
    made.flatMap(({ pictures }) => pictures).every(({ model }) => model.checkpoint?.endsWith('epoch-0005')),
  ).toBe(true);

  const again = await screenfold(folder, ['compare', 'low', 'high', '--sheet', 'other.png'], engine);
  expect(again.code).toBe(0);
  expect(made).toHaveLength(2);
  expect(existsSync(join(folder, 'other.png'))).toBe(true);
  const several = await screenfold(folder, ['compare', 'low', 'high', '--epochs', '1,5'], engine);
  expect([several.code, several.error]).toEqual([2, expect.stringContaining('at one epoch each')]);
});
