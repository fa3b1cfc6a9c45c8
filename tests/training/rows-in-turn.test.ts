import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { artifactsName } from '../../native/facts/run-folder.ts';
import type { TrainJob } from '../../native/jobs.ts';
import { partsInTurn } from '../../native/training/batch-shape.ts';
import { relativeDifference } from '../graph/evaluate.ts';
import { readMetrics, tinyJob, trainHere } from './tiny-model.ts';
import { tinyWorld } from './tiny-world.ts';

const { folder, images } = tinyWorld(9, [
  [32, 32],
  [40, 24],
]);

test.each([
  [4, 1, 4],
  [4, 2, 2],
  [4, 3, 2],
  [6, 4, 2],
  [5, 2, 5],
  [3, 8, 1],
])('of %i rows at most %i at once go in %i equal parts', (rows, most, parts) => {
  expect(partsInTurn(rows, most)).toBe(parts);
});

const methods = {
  'all of it': { kind: 'full', textEncoder: true },
  'a LoRA': { kind: 'lora', textEncoder: false, rank: 2, alpha: 2 },
  'the VAE': { kind: 'vae', kl: 1e-6 },
} as const satisfies Record<string, TrainJob['method']>;

function job(name: string, changes: Partial<TrainJob['settings']>, method: TrainJob['method']): TrainJob {
  return {
    ...tinyJob(
      {
        folder: join(folder.path, name),
        cacheFolder: join(folder.path, 'cache'),
        base: join(folder.path, 'base'),
        images: images.slice(0, 7),
        validation: images.slice(7),
      },
      { batchSize: 4, emaDecay: 0.9, captionDropout: 0.2, ...changes },
    ),
    method,
  };
}

async function figuresOf({ folder: run }: TrainJob): Promise<readonly number[]> {
  const lines = await readMetrics(run);
  return lines.flatMap(({ loss, gradientNorm, validationLoss }) =>
    [loss, gradientNorm, validationLoss].filter((value) => typeof value === 'number'),
  );
}

test.each(Object.entries(methods))('%s learns the same from some images at a time', async (name, method) => {
  const [whole, inTurn] = [
    job(`${name} whole`, {}, method),
    job(`${name} in turn`, { imagesAtOnce: 1 }, method),
  ];
  for (const one of [whole, inTurn]) await trainHere(one);
  const [expected, found] = [await figuresOf(whole), await figuresOf(inTurn)];
  // Four steps, and two images held out before them and after each epoch.
  expect(found.length).toBeGreaterThanOrEqual(10);
  expect(found).not.toEqual(expected);
  expect(relativeDifference(found, expected)).toBeLessThan(1e-4);
  const graphs = (await readdir(join(inTurn.folder, artifactsName), { recursive: true })).filter((path) =>
    path.endsWith('training_model.onnx'),
  );
  expect(graphs.length).toBeGreaterThan(0);
  for (const path of graphs) expect(path).toMatch(/^1x/);
});

test('with class images beside them, these go with their images', async () => {
  const withPrior = (name: string, changes: Partial<TrainJob['settings']>): TrainJob => ({
    ...job(name, changes, methods['a LoRA']),
    prior: { weight: 1, images: images.slice(7) },
  });
  const [whole, inTurn] = [withPrior('prior whole', {}), withPrior('prior in turn', { imagesAtOnce: 2 })];
  for (const one of [whole, inTurn]) await trainHere(one);
  expect(relativeDifference(await figuresOf(inTurn), await figuresOf(whole))).toBeLessThan(1e-4);
});

test('a run that was stopped goes on with fewer images at a time, to what it would have come to', async () => {
  const method = methods['all of it'];
  const whole = job('never stopped', {}, method);
  await trainHere(whole);
  const stopped = job('stopped', {}, method);
  const stop = new AbortController();
  await trainHere(
    stopped,
    (event) => {
      if (event.type === 'step' && event.step === 2) stop.abort();
    },
    stop.signal,
  );
  const { events } = await trainHere(job('stopped', { imagesAtOnce: 2 }, method));
  expect(events.flatMap((event) => (event.type === 'step' ? [event.step] : []))[0]).toBe(3);
  expect(relativeDifference(await figuresOf(stopped), await figuresOf(whole))).toBeLessThan(1e-4);
});
