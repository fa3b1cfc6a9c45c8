import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { openEncoder } from '../../native/families/open-autoencoder.ts';
import { openModel } from '../../native/families/open-model.ts';
import { asItIs, readView } from '../../native/images/image-views.ts';
import type { JobEvent, TrainingImage, TrainingSettings, TrainJob } from '../../native/jobs.ts';
import { openInference } from '../../native/models/inference.ts';
import { normals, uniform } from '../../native/random/philox.ts';
import { chooseRuntime } from '../../native/runtime/providers.ts';
import { createPromptReader } from '../../native/sampling/prompt-reader.ts';
import { hashTree, readMetrics, stepsOf, tinyJob, trainHere } from './tiny-model.ts';
import { tinyWorld } from './tiny-world.ts';

const { folder, images } = tinyWorld(6);

function job(name: string, changes: Partial<TrainingSettings> = {}, held = images.slice(4)): TrainJob {
  return tinyJob(
    {
      folder: join(folder.path, name, 'run'),
      cacheFolder: join(folder.path, 'cache'),
      base: join(folder.path, 'base'),
      images: images.slice(0, 4),
      validation: held,
    },
    { epochs: 2, checkpointEpochs: [1, 2], ...changes },
  );
}

type EpochEvent = Extract<JobEvent, { readonly type: 'epoch' }>;
const epochsOf = (events: readonly JobEvent[]): EpochEvent[] =>
  events.filter((event) => event.type === 'epoch');

/** The mean squared error of the base's noise prediction, by the graphs that pictures are made with. */
async function lossOfBase(base: string, held: readonly TrainingImage[]): Promise<number> {
  const model = await openModel({ base });
  const runtime = await chooseRuntime({ provider: 'cpu' });
  const { autoencoder, conditioning, denoiser, noise, readWeight, weightType } = model;
  const prompts = createPromptReader(runtime, model, 'float32');
  const size = { height: 32, width: 32 };
  const encoder = await openEncoder(autoencoder, size, { runtime, readWeight, weightType });
  const side = 32 / autoencoder.factor;
  const session = await openInference(
    runtime,
    readWeight,
    (builders, graph) => {
      const sample = graph.input('sample', 'float32', [1, denoiser.channels, side, side]);
      const timesteps = graph.input('timesteps', 'float32', [1]);
      const told = Object.entries({ ...conditioning.states, ...conditioning.facts }).map(
        ([name, { type, shape }]) => [name, graph.input(name, type, [1, ...shape])] as const,
      );
      const inputs = { sample, timesteps, conditioning: Object.fromEntries(told) };
      return { output: denoiser.predict(builders(denoiser.component), inputs) };
    },
    weightType,
  );
  const losses: number[] = [];
  try {
    for (const [ordinal, image] of held.entries()) {
      const { mean } = await encoder.run({ pictures: await readView(asItIs(image)) });
      const latents = mean!.map((value) => value * autoencoder.scalingFactor);
      const { states } = await prompts.states([image.captions[0]!], 1);
      for (let k = 0; k < 4; k++) {
        const timestep = Math.floor(((k + uniform(0, 'validation', ordinal, k)) / 4) * 1000);
        const given = normals(0, 'noise', ordinal, k, new Float32Array(latents.length));
        const rates = noise.ratesAt(timestep);
        const { output } = await session.run({
          ...states,
          sample: latents.map((value, i) => rates.signal * value + rates.noise * given[i]!),
          timesteps: Float32Array.of(timestep),
        });
        losses.push(output!.reduce((sum, value, i) => sum + (value - given[i]!) ** 2, 0) / given.length);
      }
    }
  } finally {
    for (const opened of [session, encoder, prompts]) await opened.dispose();
    await runtime.dispose();
    await model.close();
  }
  return losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
}

describe('held-out loss before the first step', () => {
  test('is that of the base, judged as every epoch is', async () => {
    const run = job('whole', { emaDecay: 0.9 });
    const { events } = await trainHere(run);
    const [before, first, last] = epochsOf(events);
    expect([before, first, last].map((event) => event?.epoch)).toEqual([0, 1, 2]);
    expect(before).toMatchObject({ trainLoss: null });
    expect(Object.keys(before!)).toEqual(Object.keys(first!));
    expect(events.indexOf(before!)).toBeLessThan(events.indexOf(stepsOf(events)[0]!));
    expect((await readMetrics(run.folder))[0]).toEqual({ ...before, seconds: 0 });
    // Sums in float32 of a few hundred squares, by other kernels and in another order.
    expect(before!.validationLoss! / (await lossOfBase(run.base, run.validation))).toBeCloseTo(1, 5);
    expect(before!.seenLoss! / (await lossOfBase(run.base, [images[0]!, images[2]!]))).toBeCloseTo(1, 5);
    expect(last!.validationLoss).not.toBeCloseTo(before!.validationLoss!, 4);

    // Steps so small that float32 holds nothing of them: the same bits as at the end of an epoch.
    const { events: still } = await trainHere(job('still', { learningRate: 1e-30 }));
    const [base, end] = epochsOf(still);
    expect(base).toEqual(before);
    expect({ ...end, epoch: 0, trainLoss: null }).toEqual(base);
  }, 120_000);

  test('moves no step, no weight and no state', async () => {
    const [judged, unjudged] = [job('judged'), job('unjudged', {}, [])];
    const losses = [];
    for (const run of [judged, unjudged])
      losses.push(stepsOf((await trainHere(run)).events).map(({ loss }) => loss));
    expect(losses[0]).toEqual(losses[1]);
    const weightsOf = async (run: TrainJob) =>
      Object.entries(await hashTree(run.folder)).filter(([file]) => file.endsWith('.safetensors'));
    expect(await weightsOf(judged)).toEqual(await weightsOf(unjudged));
    expect((await readMetrics(unjudged.folder)).filter(({ epoch }) => epoch === 0)).toEqual([]);
  }, 60_000);

  test('is measured once, whenever the run is stopped and resumed', async () => {
    const run = job('resumed');
    const until = (reached: (event: JobEvent) => boolean) => {
      const stop = new AbortController();
      return trainHere(
        run,
        (event) => {
          if (reached(event)) stop.abort();
        },
        stop.signal,
      );
    };
    const measuring = (event: JobEvent) =>
      event.type === 'progress' && event.phase === 'measuring held-out loss';
    // While it is measured: nothing stands yet.
    const early = await until(measuring);
    expect(early.result).toMatchObject({ end: 'stopped', step: 0 });
    expect(epochsOf(early.events)).toEqual([]);
    await until((event) => event.type === 'step' && event.step === 1);
    const { events } = await trainHere(run);
    expect(events.filter(measuring)).toEqual([]);
    expect(epochsOf(events).map(({ epoch }) => epoch)).toEqual([1, 2]);
    const lines = await readMetrics(run.folder);
    expect(lines.filter(({ type }) => type === 'epoch').map(({ epoch }) => epoch)).toEqual([0, 1, 2]);
    const whole = job('resumed whole');
    await trainHere(whole);
    expect(lines).toEqual(await readMetrics(whole.folder));
  }, 60_000);

  test('is of the images as they are when the first step comes', async () => {
    const run = job('other images');
    const breakOff = (event: JobEvent) => {
      if (event.type === 'epoch' && event.epoch === 0) throw new Error('killed');
    };
    const other = { ...run, validation: images.slice(3, 4) };
    await expect(trainHere(other, breakOff)).rejects.toThrow('killed');
    await trainHere(run);
    const whole = job('other images whole');
    await trainHere(whole);
    expect(await readMetrics(run.folder)).toEqual(await readMetrics(whole.folder));
  }, 60_000);
});

test('where no epoch is better than the base, a run still ends early with the best of its own', async () => {
  // Nothing is learned, so that the base is as good as any epoch: were it one of them, the run would end after the second.
  const changes = { learningRate: 1e-30, epochs: 8, checkpointEpochs: [1, 2, 3, 4, 5, 6, 7, 8], patience: 2 };
  const run = job('never better', changes);
  const { result, events } = await trainHere(run);
  expect(new Set(epochsOf(events).map(({ validationLoss }) => validationLoss)).size).toBe(1);
  expect(result).toMatchObject({ end: 'finished', epoch: 3, bestEpoch: 1 });
  expect(await readdir(join(run.folder, 'checkpoints'))).toEqual(['epoch-0001', 'epoch-0002', 'epoch-0003']);
}, 60_000);
