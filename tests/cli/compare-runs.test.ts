import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
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

test.each([
  ['--sheet', 'sheets', 'is a folder'],
  ['--sheet', 'sheet.jpg', 'does not end in .png'],
  ['--sheet', 'nowhere/', 'does not end in .png'],
  ['--sheet', join('file', 'sheet.png'), 'Could not write'],
  ['--animation', 'sheets', 'is a folder'],
  ['--animation', 'fox.png', 'does not end in .gif or .webp'],
])('of one run, %s %s is refused before a picture is made', async (flag, file, told) => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'sheets'));
  writeFileSync(join(folder, 'file'), '');
  const run = exampleRun(join(folder, 'one'));
  await createRun(run);
  writeWeights(run.job.base);
  writeCheckpoint(run, 1);
  const engine = { run: () => Promise.reject(new Error('a picture was made')) } as unknown as Engine;
  const { code, error } = await screenfold(folder, ['compare', 'one', flag, file], engine);
  expect([code === 0, error]).toEqual([false, expect.stringContaining(told)]);
});
