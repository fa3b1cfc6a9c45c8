import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import type { Extension, TrainJob } from '../../native/jobs.ts';
import { learningRateOf } from '../../native/training/learning-rate.ts';
import { failureOf, hashTree, stepsOf, tinyJob, trainHere } from './tiny-model.ts';
import { tinyWorld } from './tiny-world.ts';

const { folder, images } = tinyWorld(5, [[32, 32]]);

/** Two steps an epoch, with all that is remembered between steps. */
function job(name: string, changes: Partial<TrainJob['settings']> = {}): TrainJob {
  return tinyJob(
    {
      folder: join(folder.path, name),
      cacheFolder: join(folder.path, 'cache'),
      base: join(folder.path, 'base'),
      method: { kind: 'lora', textEncoder: false, rank: 2, alpha: 2 },
      images: images.slice(0, 4),
      validation: images.slice(4),
    },
    {
      ...{ epochs: 2, checkpointEpochs: [1, 2], batchSize: 2, emaDecay: 0.9, captionDropout: 0.3 },
      ...{ schedule: { kind: 'constant', warmupSteps: 1 } },
      ...changes,
    },
  );
}

const longer = { epochs: 4, checkpointEpochs: [1, 2, 3, 4] };

/** The job as it is when it is trained on from the end of epoch 2. */
function extended(run: TrainJob, rates?: Extension['rates']): TrainJob {
  const { epochs, checkpointEpochs } = run.settings;
  const extension = { step: 4, planned: { epochs, checkpointEpochs }, ...(rates && { rates }) };
  return { ...run, settings: { ...run.settings, ...longer }, extensions: [extension] };
}

/** Weights and state, not what names the plan. */
async function weightsOf({ folder: run }: TrainJob): Promise<Record<string, string>> {
  const files = Object.entries(await hashTree(run));
  return Object.fromEntries(files.filter(([name]) => name.endsWith('.safetensors')));
}

describe('a run that is trained on', () => {
  test('has the bytes of one that was planned so, where its rate is constant', async () => {
    const planned = job('planned', longer);
    await trainHere(planned);
    const first = job('first');
    await trainHere(first);
    const { result, events } = await trainHere(extended(first));
    expect(result).toMatchObject({ end: 'finished', epoch: 4, step: 8 });
    expect(stepsOf(events).map(({ step }) => step)).toEqual([5, 6, 7, 8]);
    const weights = await weightsOf(planned);
    expect(Object.keys(weights)).toHaveLength(5);
    expect(await weightsOf(first)).toEqual(weights);
  });

  test('ends with the same bytes when it is broken off on its way', async () => {
    const rates = { learningRate: 5e-4, schedule: { kind: 'cosine', warmupSteps: 0 } } as const;
    const [whole, broken] = [job('whole'), job('broken')];
    for (const run of [whole, broken]) await trainHere(run);
    await trainHere(extended(whole, rates));
    const stop = new AbortController();
    await trainHere(
      extended(broken, rates),
      (event) => {
        if (event.type === 'step' && event.step === 5) stop.abort();
      },
      stop.signal,
    );
    const { events } = await trainHere(extended(broken, rates));
    expect(stepsOf(events).map(({ step }) => step)).toEqual([6, 7, 8]);
    expect(await weightsOf(broken)).toEqual(await weightsOf(whole));
  });

  test('goes by the rates that were chosen anew, over the steps to come', async () => {
    const rates = { learningRate: 2e-3, schedule: { kind: 'linear', warmupSteps: 0 } } as const;
    const run = job('rates');
    await trainHere(run);
    const { events } = await trainHere(extended(run, rates));
    expect(stepsOf(events).map(({ learningRate }) => learningRate)).toEqual([2e-3, 1.5e-3, 1e-3, 0.5e-3]);
  });

  test('is refused when what it would go on from is gone', async () => {
    const run = job('gone');
    await trainHere(run);
    await rm(join(run.folder, 'state'), { recursive: true });
    expect((await failureOf(trainHere(extended(run)))).code).toBe('state-missing');
    const line = await readFile(join(run.folder, 'metrics.jsonl'), 'utf8');
    expect(line).toContain('"epoch":2');
  });

  test('waits for a lower held-out loss anew where it had ended early', async () => {
    // Nothing is learned at this rate, so no loss is ever lower than the first.
    const settings = { epochs: 9, checkpointEpochs: [1, 2, 3, 4, 5, 6, 7, 8, 9], patience: 1 };
    const run = job('early', { ...settings, learningRate: 1e-30, emaDecay: 0 });
    const { result } = await trainHere(run);
    expect(result).toMatchObject({ epoch: 2, bestEpoch: 1 });
    const on = { ...extended(run), settings: { ...run.settings, epochs: 6 } };
    expect((await trainHere(on)).result).toMatchObject({ epoch: 3, bestEpoch: 1 });
  });
});

test('rates that nobody chose anew go on over all steps', () => {
  const { settings } = job('any', { schedule: { kind: 'linear', warmupSteps: 0 }, learningRate: 1 });
  const extensions = [{ step: 4, planned: { epochs: 2, checkpointEpochs: [2] } }];
  expect(learningRateOf({ settings, extensions }, 6, 10)).toBe(0.5);
});
