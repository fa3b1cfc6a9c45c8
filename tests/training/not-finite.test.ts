import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import type { TrainingSettings, TrainJob } from '../../native/jobs.ts';
import { failureOf, hashTree, readMetrics, tinyJob, trainHere } from './tiny-model.ts';
import { tinyWorld } from './tiny-world.ts';

const { folder, images } = tinyWorld(5);

/** Two steps an epoch, a checkpoint after each. */
function job(name: string, changes: Partial<TrainingSettings> = {}, held = 0): TrainJob {
  return tinyJob(
    {
      folder: join(folder.path, name, 'run'),
      base: join(folder.path, 'base'),
      images: images.slice(0, 4),
      validation: images.slice(4, 4 + held),
    },
    { epochs: 3, checkpointEpochs: [1, 2, 3], ...changes },
  );
}

describe('a loss that is not finite', () => {
  test('stops the run at its first step, naming it and the images', async () => {
    const broken = job('rate', { learningRate: 1e30 });
    const { code, message, hint } = await failureOf(trainHere(broken));
    expect(code).toBe('loss-not-finite');
    expect(message).toMatch(/step 2 \(epoch 1\)/);
    const named = images.slice(0, 4).filter(({ id }) => message.includes(id));
    expect(named).toHaveLength(2);
    expect(hint).toContain('learning rate');
    expect((await readMetrics(broken.folder)).map(({ step }) => step)).toEqual([1]);
    expect(await readdir(broken.folder)).not.toContain('checkpoints');
    expect(await readdir(broken.folder)).not.toContain('state');
  });

  test('leaves checkpoints and state as they were, and the run goes on once its cause is gone', async () => {
    const [whole, poisoned] = [job('whole'), job('poisoned')];
    await trainHere(whole);
    const stop = new AbortController();
    await trainHere(
      poisoned,
      ({ type }) => {
        if (type === 'checkpoint') stop.abort();
      },
      stop.signal,
    );
    const before = await hashTree(poisoned.folder);

    const files = await hashTree(poisoned.cacheFolder);
    // A posterior is twice 4 x 8 x 8 numbers; an embedding has 16 x 16.
    let latents = '';
    for (const file of Object.keys(files)) {
      const path = join(poisoned.cacheFolder, file);
      if ((await readFile(path)).length === 4 * 512) latents = path;
    }
    const clean = await readFile(latents);
    await writeFile(latents, new Uint8Array(new Float32Array(512).fill(NaN).buffer));
    const { code, message } = await failureOf(trainHere(poisoned));
    expect(code).toBe('loss-not-finite');
    expect(message).toMatch(/The loss of step [34] \(epoch 2\)/);
    const { 'metrics.jsonl': _, ...after } = await hashTree(poisoned.folder);
    const { 'metrics.jsonl': __, ...expected } = before;
    expect(after).toEqual(expected);

    await writeFile(latents, clean);
    await trainHere(poisoned);
    for (const part of ['checkpoints', 'state']) {
      expect(await hashTree(join(poisoned.folder, part))).toEqual(await hashTree(join(whole.folder, part)));
    }
    expect(await readMetrics(poisoned.folder)).toEqual(await readMetrics(whole.folder));
  });

  test('of the held-out images keeps the epoch from becoming a checkpoint', async () => {
    // One step an epoch, which moves the weights beyond what the next forward pass can bear.
    const broken = job('validation', { learningRate: 1e30, batchSize: 4 }, 1);
    const { code, message } = await failureOf(trainHere(broken));
    expect(code).toBe('loss-not-finite');
    expect(message).toMatch(/loss of the held-out images after step 1 \(epoch 1\)/);
    expect(await readdir(broken.folder)).not.toContain('checkpoints');
  });
});

describe('weights that are not finite', () => {
  test('are kept neither as a checkpoint nor as a state', async () => {
    const broken = job('weights', { learningRate: 1e39, batchSize: 4 });
    const { code } = await failureOf(trainHere(broken));
    expect(code).toBe('weights-not-finite');
    expect(await readdir(join(broken.folder, 'checkpoints'))).toEqual([]);
    expect(await readdir(broken.folder)).not.toContain('state');
  });
});
