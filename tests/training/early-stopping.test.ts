import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { beforeAll, describe, expect, test } from 'vitest';

import type { JobEvent, TrainingImage, TrainJob } from '../../native/jobs.ts';
import { afterCheckpoint, endsEarly } from '../../native/training/early-stopping.ts';
import { temporaryFolder } from '../images/pictures.ts';
import { drawImages, failureOf, plainUNet, tinyJob, trainHere, writeTinyModel } from './tiny-model.ts';

const epochs = 60;
const folder = temporaryFolder();
let images: TrainingImage[];
beforeAll(async () => {
  await writeTinyModel(join(folder.path, 'base'), { unet: plainUNet });
  images = await drawImages(join(folder.path, 'images'), 4);
});

/** Fast enough that two images are soon known by heart and the other two no better for it. */
function job(name: string, changes: Partial<TrainJob['settings']> = {}): TrainJob {
  return tinyJob(
    {
      folder: join(folder.path, name, 'run'),
      cacheFolder: join(folder.path, 'cache'),
      base: join(folder.path, 'base'),
      images: images.slice(0, 2),
      validation: images.slice(2),
    },
    {
      epochs,
      checkpointEpochs: Array.from({ length: 6 }, (_, i) => 10 * i + 10),
      learningRate: 3e-2,
      ...changes,
    },
  );
}

const checkpointsOf = async (run: TrainJob) => (await readdir(join(run.folder, 'checkpoints'))).sort();

describe('a run that may end early', () => {
  test('goes to its last epoch unless that is chosen, and else ends when held-out loss has stopped falling', async () => {
    const losses = new Map<number, number>();
    const { result: whole } = await trainHere(job('whole'), (event) => {
      if (event.type === 'epoch' && event.epoch > 0 && event.epoch % 10 === 0)
        losses.set(event.epoch, event.validationLoss!);
    });
    expect(whole).toMatchObject({ end: 'finished', epoch: epochs });
    expect(whole).not.toHaveProperty('bestEpoch');
    // As a person would read it off the table of epochs.
    let [best, since] = [10, 0];
    const last = [...losses.keys()].find((epoch) => {
      if (epoch === 10 || losses.get(epoch)! < losses.get(best)!) [best, since] = [epoch, 0];
      else since += 1;
      return since === 1;
    });
    expect(last, JSON.stringify([...losses])).toBeLessThan(epochs);

    const early = job('early', { patience: 1 });
    expect((await trainHere(early)).result).toMatchObject({ end: 'finished', epoch: last, bestEpoch: best });
    const kept = await checkpointsOf(early);
    expect(kept).toContain(`epoch-${String(best).padStart(4, '0')}`);
    expect(kept.at(-1)).toBe(`epoch-${String(last).padStart(4, '0')}`);

    // Killed at every state that was saved, the one of the decision among them.
    const broken = job('broken', { patience: 1 });
    const breakOff = (event: JobEvent) => {
      if (event.type === 'state') throw new Error('killed');
    };
    let kills = 0;
    while (kills < kept.length) {
      await expect(trainHere(broken, breakOff)).rejects.toThrow('killed');
      kills += 1;
    }
    const steps: JobEvent[] = [];
    const { result: resumed } = await trainHere(broken, (event) => {
      if (event.type === 'step') steps.push(event);
    });
    expect(resumed).toMatchObject({ end: 'finished', epoch: last, bestEpoch: best });
    expect(steps).toEqual([]);
    expect(await checkpointsOf(broken)).toEqual(kept);

    const otherwise = await failureOf(trainHere({ ...broken, settings: job('broken').settings }));
    expect(otherwise.code).toBe('resume-mismatch');
  }, 180_000);

  test('never does where nothing is held out', async () => {
    const run = {
      ...job('none', { patience: 1, epochs: 4, checkpointEpochs: [1, 2, 3, 4] }),
      validation: [],
    };
    expect((await trainHere(run)).result).toMatchObject({ end: 'finished', epoch: 4, validationLoss: null });
  }, 60_000);
});

test('a checkpoint counts as better only where its loss is lower', () => {
  const settings = { patience: 2 };
  let best = afterCheckpoint(undefined, 1, 0.5);
  expect([best, endsEarly(settings, best)]).toEqual([{ epoch: 1, loss: 0.5, since: 0 }, false]);
  best = afterCheckpoint(best, 2, 0.5);
  expect([best, endsEarly(settings, best)]).toEqual([{ epoch: 1, loss: 0.5, since: 1 }, false]);
  best = afterCheckpoint(best, 5, 0.4);
  expect(best).toEqual({ epoch: 5, loss: 0.4, since: 0 });
  best = afterCheckpoint(afterCheckpoint(best, 6, 0.6), 7, 0.41);
  expect([best, endsEarly(settings, best)]).toEqual([{ epoch: 5, loss: 0.4, since: 2 }, true]);
  expect(endsEarly({ patience: 0 }, best)).toBe(false);
});
