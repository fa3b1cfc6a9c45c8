import { join } from 'node:path';

import { expect, onTestFinished, test } from 'vitest';

import { openLibrary } from '../../electron/library/library.ts';
import { createSpeeds, speedKey } from '../../electron/runs/speeds.ts';
import type { TrainJob } from '../../native/jobs.ts';
import { exampleRun } from './example-run.ts';
import { temporaryFolder } from './temporary-folder.ts';

const lora = { kind: 'lora', rank: 8, alpha: 8, textEncoder: false } as const;

test('a plan’s time is that of runs like it, and of no others', () => {
  const folder = temporaryFolder();
  const library = openLibrary(join(folder, 'library'));
  onTestFinished(() => {
    library.close();
  });
  const speeds = createSpeeds(library.database);
  const { job } = exampleRun(join(folder, 'run'));
  const keyOf = (change: Partial<TrainJob> = {}, counts = { unet: 100 }, resolution = 64) =>
    speedKey('cuda', counts, { ...job, method: lora, ...change }, resolution);
  const seconds = (key: ReturnType<typeof keyOf>) => speeds.get(key);
  speeds.record(keyOf(), 2);
  expect(seconds(keyOf())).toBe(2);
  // A rank more or less makes hardly a difference.
  expect(seconds(keyOf({ method: { ...lora, rank: 16 } }))).toBe(2);
  const { settings } = job;
  const unlike = [
    keyOf({ method: { kind: 'full', textEncoder: false } }),
    keyOf({ method: { ...lora, textEncoder: true } }),
    keyOf({ method: { ...lora, dora: true } }),
    keyOf({ method: { ...lora, convRank: 4 } }),
    keyOf({ settings: { ...settings, batchSize: settings.batchSize + 1 } }),
    keyOf({ settings: { ...settings, precision: 'float16' } }),
    keyOf({ settings: { ...settings, fusedBackward: true } }),
    keyOf({ settings: { ...settings, captionTokens: 225 } }),
    keyOf({ device: { provider: 'cuda', gpu: '00000000:01:00.0' } }),
    keyOf({}, { unet: 200 }),
    keyOf({}, { unet: 100 }, 128),
  ];
  expect(unlike.map(seconds)).toEqual(unlike.map(() => null));
});
