import { cp, mkdir, readdir, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { beforeAll, describe, expect, test } from 'vitest';

import { startEngine } from '../../electron/engine/engine-process.ts';
import type { JobEvent, Method, TrainingImage, TrainJob } from '../../native/jobs.ts';
import { uniform } from '../../native/random/philox.ts';
import {
  failureOf,
  hashTree,
  plainUNet,
  readMetrics,
  stepsOf,
  tinyJob,
  trainHere,
  writeTinyModel,
} from './tiny-model.ts';
import { tinyWorld } from './tiny-world.ts';

const { folder, images } = tinyWorld(9, [
  [32, 32],
  [40, 24],
]);

/** With everything that is random or remembered between steps: 3 steps an epoch, from two buckets. */
function job(name: string, changes: Partial<TrainJob['settings']> = {}): TrainJob {
  return tinyJob(
    {
      folder: join(folder.path, name, 'run'),
      cacheFolder: join(folder.path, name, 'cache'),
      base: join(folder.path, 'base'),
      images: images.slice(0, 7).map((image, i) => (i === 2 ? { ...image, repeats: 3 } : image)),
      validation: images.slice(7),
    },
    {
      epochs: 4,
      checkpointEpochs: [1, 3],
      gradientAccumulation: 2,
      emaDecay: 0.9,
      randomFlip: true,
      captionDropout: 0.3,
      noiseOffset: 0.1,
      schedule: { kind: 'cosine', warmupSteps: 3 },
      ...changes,
    },
  );
}

/** Everything of a run that does not tell the time: checkpoints, state, graphs. */
async function filesOf({ folder: run }: TrainJob): Promise<Record<string, string>> {
  const { 'metrics.jsonl': _, ...files } = await hashTree(run);
  return files;
}

describe.each<{ readonly name: string; readonly method: Method }>([
  { name: 'full', method: { kind: 'full', textEncoder: false } },
  { name: 'lora', method: { kind: 'lora', textEncoder: true, rank: 2, alpha: 1 } },
  { name: 'word', method: { kind: 'embedding', word: '<glyph>', vectors: 2, initWords: 'circle' } },
])('a run killed at ten random moments ($name)', ({ name: methodName, method }) => {
  // Any seed will do; that of a failure is in its message, and comes back by the environment.
  const seed = Number(process.env.SCREENFOLD_KILL_SEED ?? Math.floor(Math.random() * 2 ** 32));
  const epochs = 16;
  const long = (name: string, stateEveryMinutes: number): TrainJob => {
    const settings = { epochs, checkpointEpochs: [2, 5, 8, 11, 16], stateEveryMinutes };
    const plain = job(`${name} ${methodName}`, settings);
    const withWord = (image: TrainingImage): TrainingImage => ({ ...image, captions: ['a <glyph>'] });
    return method.kind === 'embedding'
      ? { ...plain, method, images: plain.images.map(withWord), validation: plain.validation.map(withWord) }
      : { ...plain, method };
  };

  type Moment = (event: JobEvent, steps: number) => boolean;
  const random = (attempt: number, index: number): number => uniform(seed, 'order', attempt, index);

  /** Where in its way an attempt is killed: while preparing, in a step, or as states and checkpoints are written. */
  function moment(attempt: number): { readonly name: string; readonly reached: Moment } {
    const progress =
      (phase: string): Moment =>
      (event) =>
        event.type === 'progress' && event.phase === phase && event.done >= event.total * random(attempt, 2);
    if (attempt === 0) return { name: 'encoding', reached: progress('encoding images') };
    if (attempt === 1) return { name: 'opening', reached: progress('building the training graph') };
    if (attempt % 4 === 0) return { name: 'checkpoint', reached: (event) => event.type === 'checkpoint' };
    const wanted = 1 + Math.floor(3 * random(attempt, 2));
    return { name: `step ${wanted}`, reached: (event, steps) => event.type === 'step' && steps >= wanted };
  }

  test('ends with the bytes of a run that was left alone', async () => {
    const engine = startEngine();
    const whole = engine.run(long('whole', 60));

    const story: string[] = [`SCREENFOLD_KILL_SEED=${seed}`];
    for (let attempt = 0; attempt < 10; attempt++) {
      const { name, reached } = moment(attempt);
      const delay = 25 * random(attempt, 3);
      // A state after every step is also a way to be killed while writing one.
      const minutes = random(attempt, 4) < 0.7 ? 0 : 60;
      const kill = new AbortController();
      let steps = 0;
      const running = engine.run(long('killed', minutes), {
        kill: kill.signal,
        onEvent: (event) => {
          if (event.type === 'step') steps += 1;
          if (!kill.signal.aborted && reached(event, steps))
            setTimeout(() => {
              kill.abort();
            }, delay);
        },
      });
      const { code } = await failureOf(running);
      story.push(`${name} + ${delay.toFixed(1)} ms: ${code}`);
      expect(code, story.join('\n')).toBe('engine-killed');
    }
    const resumed = await engine.run(long('killed', 60));

    expect(resumed, story.join('\n')).toEqual(await whole);
    const expected = await filesOf(long('whole', 60));
    expect(await filesOf(long('killed', 60)), story.join('\n')).toEqual(expected);
    const checkpoints = Object.keys(expected).filter((file) => file.endsWith('.safetensors'));
    expect(checkpoints.map((file) => file.split('/')[1])).toEqual([
      'epoch-0002',
      'epoch-0005',
      'epoch-0008',
      'epoch-0011',
      'epoch-0016',
      'step-00000048',
    ]);

    const metrics = await readMetrics(long('killed', 60).folder);
    expect(metrics, story.join('\n')).toEqual(await readMetrics(long('whole', 60).folder));
    const counted = (type: string): unknown[] =>
      metrics.filter((line) => line.type === type).map((line) => line[type]);
    expect(counted('step')).toEqual(Array.from({ length: 3 * epochs }, (_, i) => i + 1));
    expect(counted('epoch')).toEqual(Array.from({ length: epochs + 1 }, (_, i) => i));
  }, 180_000);
});

describe('a run that is stopped or broken off', () => {
  let whole: TrainJob;
  beforeAll(async () => {
    whole = job('reference');
    await trainHere(whole);
  });

  /** The reference's job in a folder of its own, with the same caches. */
  const copyOf = (name: string, changes: Partial<TrainJob> = {}): TrainJob => {
    return { ...whole, folder: join(folder.path, name, 'run'), ...changes };
  };
  /** Trains until a step was done, and stops. */
  const trainUntil = async (stopped: TrainJob, step: number) => {
    const stop = new AbortController();
    return trainHere(
      stopped,
      (event) => {
        if (event.type === 'step' && event.step === step) stop.abort();
      },
      stop.signal,
    );
  };

  test.each([3, 4])('stops after step %i with a state, and goes on to the same bytes', async (step) => {
    const stopped = copyOf(`stopped-${step}`);
    const first = await trainUntil(stopped, step);
    expect(first.result).toMatchObject({ end: 'stopped', step, epoch: Math.floor(step / 3) });
    expect(first.events.at(-1)).toEqual({ type: 'state', step });

    const second = await trainHere(stopped);
    expect(stepsOf(second.events).map((event) => event.step)[0]).toBe(step + 1);
    expect(second.result).toMatchObject({ end: 'finished', step: 12, epoch: 4 });
    expect(await filesOf(stopped)).toEqual(await filesOf(whole));
    expect(await readMetrics(stopped.folder)).toEqual(await readMetrics(whole.folder));
  });

  test.each([
    { kind: 'lora', textEncoder: true, rank: 2, alpha: 1 },
    { kind: 'vae', kl: 1e-6 },
  ] as const)('goes on to the same bytes with $kind as well', async (method) => {
    const settings = { ...whole.settings, epochs: 2, checkpointEpochs: [2], gradientAccumulation: 1 };
    const square = whole.images.filter(({ width }) => width === 32).slice(0, 3);
    const [alone, stopped] = ['alone', 'stopped'].map((name) =>
      copyOf(`${name} ${method.kind}`, { method, settings, images: square, validation: [] }),
    ) as [TrainJob, TrainJob];
    await trainHere(alone);
    await trainUntil(stopped, 2);
    await trainHere(stopped);
    expect(await filesOf(stopped)).toEqual(await filesOf(alone));
    expect(await readMetrics(stopped.folder)).toEqual(await readMetrics(alone.folder));
  });

  test('stops while images are encoded, and says where the run stands', async () => {
    const stopped = copyOf('stopped-encoding');
    await trainUntil(stopped, 4);
    const stop = new AbortController();
    const { result } = await trainHere(
      { ...stopped, cacheFolder: join(folder.path, 'another cache') },
      (event) => {
        if (event.type === 'progress' && event.phase === 'encoding images') stop.abort();
      },
      stop.signal,
    );
    expect(result).toMatchObject({ end: 'stopped', step: 4, epoch: 1 });
    expect(result.trainLoss).toBeGreaterThan(0);
  });

  test('has nothing more to do once it has finished, and still knows its losses', async () => {
    const { result, events } = await trainHere(whole);
    expect(stepsOf(events)).toEqual([]);
    const epochs = (await readMetrics(whole.folder)).filter(({ type }) => type === 'epoch');
    const { trainLoss, validationLoss } = epochs.at(-1)!;
    expect(result).toEqual({ kind: 'train', end: 'finished', step: 12, epoch: 4, trainLoss, validationLoss });
  });

  test('is not resumed with other settings, captions or base', async () => {
    const stopped = copyOf('mismatch');
    await trainUntil(stopped, 4);
    const state = join(stopped.folder, 'state', 'step-00000004');
    const before = await hashTree(stopped.folder);
    const other = join(folder.path, 'other base');
    await writeTinyModel(other, { unet: plainUNet, seed: 2 });
    const [image, ...rest] = stopped.images;
    for (const changed of [
      { ...stopped, settings: { ...stopped.settings, learningRate: 2e-3 } },
      { ...stopped, settings: { ...stopped.settings, seed: 4 } },
      { ...stopped, images: [{ ...image!, captions: ['another caption'] }, ...rest] },
      { ...stopped, images: rest },
      { ...stopped, base: other },
    ]) {
      const { code, message } = await failureOf(trainHere(changed));
      expect(code).toBe('resume-mismatch');
      expect(message).toContain(state);
    }
    expect(await hashTree(stopped.folder)).toEqual(before);
    // How often states are saved, and where the caches are, decides nothing.
    const settings = { ...stopped.settings, stateEveryMinutes: 0 };
    await trainHere({ ...stopped, settings, cacheFolder: join(folder.path, 'moved cache') });
    expect(await filesOf(stopped)).toEqual(await filesOf(whole));
  });

  test('does not take the checkpoints of another run for its own', async () => {
    const run = copyOf('checkpoints alone');
    await cp(join(whole.folder, 'checkpoints'), join(run.folder, 'checkpoints'), { recursive: true });
    const changed = { ...run, settings: { ...run.settings, learningRate: 2e-3 } };
    const { code, message } = await failureOf(trainHere(changed));
    expect(code).toBe('resume-mismatch');
    expect(message).toContain(join(run.folder, 'checkpoints', 'epoch-0001'));
    await trainHere(run);
    expect(await filesOf(run)).toEqual(await filesOf(whole));
  });

  test('goes on from the newest complete state beside half-written ones', async () => {
    const run = copyOf('half-written');
    await trainUntil(run, 4);
    const states = join(run.folder, 'state');
    const half = join(states, 'step-00000005.partial-0123456789ab');
    await mkdir(half);
    await writeFile(join(half, 'tensors.safetensors'), 'half');
    const checkpoint = join(run.folder, 'checkpoints', 'epoch-0003.partial-0123456789ab');
    await cp(join(run.folder, 'checkpoints', 'epoch-0001'), checkpoint, { recursive: true });
    await truncate(join(checkpoint, 'unet', 'diffusion_pytorch_model.safetensors'), 1000);
    const log = join(run.folder, 'metrics.jsonl');
    await writeFile(log, '{"type":"step","epoch":2,"step":5,"to', { flag: 'a' });

    const { events } = await trainHere(run);
    expect(stepsOf(events)[0]?.step).toBe(5);
    expect(await filesOf(run)).toEqual(await filesOf(whole));
    expect(await readMetrics(run.folder)).toEqual(await readMetrics(whole.folder));
    expect(await readdir(states)).toEqual(['step-00000012']);
  });

  test.each([
    ['an image', 0],
    ['a held-out image', 7],
  ])('is not resumed on %s that was changed since, until it is as it was', async (_, which) => {
    const run = copyOf(`changed ${which}`);
    const own = images.map((image) => ({ ...image, path: join(run.folder, '..', image.id) }));
    for (const [i, image] of own.entries()) await cp(images[i]!.path, image.path);
    const on = { ...run, images: own.slice(0, 7), validation: own.slice(7) };
    await trainUntil(on, 3);
    const before = await hashTree(on.folder);
    const { path } = own[which]!;
    await cp(images[which + 1]!.path, path);
    const { code, message } = await failureOf(trainHere(on));
    expect([code, message]).toEqual(['data-changed', expect.stringContaining(path)]);
    expect(await hashTree(on.folder)).toEqual(before);
    await cp(images[which]!.path, path);
    expect((await trainUntil(on, 4)).result.step).toBe(4);
  });

  test('takes images that were changed before its first state', async () => {
    const run = copyOf('changed early');
    const own = images.slice(0, 2).map((image) => ({ ...image, path: join(run.folder, '..', image.id) }));
    for (const [i, image] of own.entries()) await cp(images[i]!.path, image.path);
    const on = { ...run, images: own, validation: [] };
    const stop = new AbortController();
    await trainHere(
      on,
      (event) => {
        if (event.type === 'progress' && event.phase === 'encoding images') stop.abort();
      },
      stop.signal,
    );
    await cp(images[1]!.path, own[0]!.path);
    expect((await trainUntil(on, 1)).result.step).toBe(1);
  });

  test('says which state it cannot read', async () => {
    const run = copyOf('unreadable');
    await trainUntil(run, 1);
    const state = join(run.folder, 'state', 'step-00000001');
    await truncate(join(state, 'tensors.safetensors'), 5000);
    const broken = await failureOf(trainHere(run));
    expect(broken.code).toBe('safetensors-truncated');
    expect(broken.message).toContain(state);
    await writeFile(join(state, 'state.json'), 'null');
    const { code, message } = await failureOf(trainHere(run));
    expect([code, message]).toEqual(['state-unreadable', expect.stringContaining(state)]);
  });
});
