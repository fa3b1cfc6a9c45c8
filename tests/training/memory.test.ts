import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect, test } from 'vitest';

import { temporaryFolder } from '../images/pictures.ts';
import { drawImages, plainUNet, tinyJob, writeTinyModel } from './tiny-model.ts';

const folder = temporaryFolder();
const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!;

test('training takes no more memory after 200 steps than after 20, within 2 %', async () => {
  await writeTinyModel(join(folder.path, 'base'), { unet: plainUNet });
  const images = await drawImages(join(folder.path, 'images'), 10);
  const job = tinyJob(
    {
      folder: join(folder.path, 'run'),
      base: join(folder.path, 'base'),
      images,
      validation: images.slice(0, 2),
    },
    // Validated after every tenth step, with every kind of state there is.
    { epochs: 20, checkpointEpochs: [], batchSize: 1, emaDecay: 0.9, randomFlip: true, captionDropout: 0.1 },
  );
  const child = fork(fileURLToPath(new URL('memory-run.ts', import.meta.url)), [], {
    execArgv: ['--expose-gc'],
  });
  child.send(job);
  const died = once(child, 'exit').then(([code]) => {
    throw new Error(`The process ended with ${String(code)} and said nothing.`);
  });
  const [resident] = (await Promise.race([once(child, 'message'), died])) as [
    Record<'early' | 'late', number[]>,
  ];
  expect([resident.early, resident.late].map(({ length }) => length)).toEqual([10, 10]);
  // Medians of ten steps: the collector gives pages back when it likes.
  expect(median(resident.late) / median(resident.early)).toBeLessThan(1.02);
});
