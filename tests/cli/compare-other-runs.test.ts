import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { beforeEach, expect, test } from 'vitest';

import type { Engine } from '../../electron/engine/engine.ts';
import { createRun } from '../../electron/runs/run-folder.ts';
import type { GenerateJob, Picture } from '../../native/jobs.ts';
import { picture } from '../datasets/folder.ts';
import { exampleRun, writeCheckpoint, writeWeights } from '../runs/example-run.ts';
import { temporaryFolder } from '../runs/temporary-folder.ts';
import { screenfold } from './typed.ts';

let folder: string;
let drawn: Picture[];
beforeEach(() => {
  folder = temporaryFolder();
  drawn = [];
});

const engine = {
  run: async ({ pictures }: GenerateJob) => {
    drawn.push(...pictures);
    for (const { output } of pictures) writeFileSync(output, await picture(1));
    return { kind: 'generate', pictures: pictures.length, seconds: 1 };
  },
} as unknown as Engine;

async function makeRun(name: string, samples: object, epochs: readonly number[] = [1]): Promise<void> {
  const run = exampleRun(join(folder, name), { samples: { prompts: ['a fox'], ...samples } });
  await createRun(run);
  writeWeights(run.job.base, 'weights of the base');
  for (const epoch of epochs) writeCheckpoint(run, epoch);
}

test('runs that draw with other settings are all drawn with the first one’s, which is said', async () => {
  await makeRun('low', { steps: 12, guidanceScale: 5, seeds: [3] });
  await makeRun('high', { steps: 30, guidanceScale: 7, seeds: [4], width: 128 });
  const { code, error } = await screenfold(folder, ['compare', 'low', 'high'], engine);
  expect(code).toBe(0);
  expect(error.match(/All pictures are made with the settings of/g)).toHaveLength(1);
  expect(error).toContain(
    'settings of foxes (low); the runs differ in their own (steps, guidance, size, seeds)',
  );
  expect(drawn.map(({ steps, guidanceScale, seed, width }) => [steps, guidanceScale, seed, width])).toEqual([
    [12, 5, 3, 64],
    [12, 5, 3, 64],
  ]);
});

test('a run without a checkpoint is shown as its base, which is said', async () => {
  await makeRun('old', {});
  await makeRun('new', {}, []);
  const { code, error } = await screenfold(folder, ['compare', 'old', 'new'], engine);
  expect(code).toBe(0);
  expect(error).toContain('foxes (new) has kept no epoch yet: the sheet shows its base.');
  expect(error).not.toContain('foxes (old)');
});

test('a run named twice, by whatever path, counts once', async () => {
  await makeRun('low', { seeds: [3] });
  await makeRun('high', { seeds: [3] });
  symlinkSync(join(folder, 'low'), join(folder, 'link'), 'junction');
  const names = ['low', './low', 'high', 'link'];
  const { out } = await screenfold(folder, ['compare', ...names, '--json'], engine);
  expect(JSON.parse(out.trimEnd().split('\n').at(-1)!)).toMatchObject({
    runs: [join(folder, 'low'), join(folder, 'high')],
  });
  const one = await screenfold(folder, ['compare', 'low', 'link'], engine);
  expect(one.code).toBe(0);
  expect(existsSync(join(folder, 'low', 'compare', 'sheet.png'))).toBe(true);
});

test('no picture is made where a later run or the sheet’s place is of no use', async () => {
  await makeRun('low', {});
  await makeRun('high', {}, [1, 2]);
  mkdirSync(join(folder, 'sheets'));
  writeFileSync(join(folder, 'file'), '');
  for (const [flags, message] of [
    [['low', 'missing'], 'missing'],
    [['high', 'low', '--epochs', '2'], 'has no checkpoint of epoch 2'],
    [['low', 'high', '--sheet', 'sheets'], `${join(folder, 'sheets')} is a folder`],
    [['low', 'high', '--sheet', join('file', 'sheet.png')], 'Could not write'],
  ] as const) {
    const { code, error } = await screenfold(folder, ['compare', ...flags], engine);
    expect([code === 0, error]).toEqual([false, expect.stringContaining(message)]);
  }
  expect(drawn).toEqual([]);
});

test('a sheet that is there stays, and the new one has a free name, which is said', async () => {
  await makeRun('low', {});
  await makeRun('high', {});
  writeFileSync(join(folder, 'runs-side-by-side.png'), 'mine');
  for (const count of [2, 3]) {
    const { out } = await screenfold(folder, ['compare', 'low', 'high'], engine);
    expect(out).toContain(`Side by side: ${join(folder, `runs-side-by-side-${count}.png`)}`);
    expect(existsSync(join(folder, `runs-side-by-side-${count}.png`))).toBe(true);
  }
  expect(readFileSync(join(folder, 'runs-side-by-side.png'), 'utf8')).toBe('mine');
});
