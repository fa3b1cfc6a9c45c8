import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { startEngine } from '../../electron/engine/engine-process.ts';
import { openModel } from '../../native/families/open-model.ts';
import type { GenerateJob, JobEvent, TrainingImage, TrainJob } from '../../native/jobs.ts';
import { withClassImages } from '../../native/training/class-images.ts';
import { besideClassImages } from '../../native/training/class-order.ts';
import { planEpoch } from '../../native/training/data-order.ts';
import { failureOf, hashTree, readMetrics, tinyJob, trainHere } from './tiny-model.ts';
import { tinyWorld } from './tiny-world.ts';

const { folder, images } = tinyWorld(5, [
  [32, 32],
  [32, 32],
  [40, 24],
]);

const making = {
  prompt: 'a circle',
  sampler: 'ddim',
  steps: 2,
  guidanceScale: 3,
  sizes: [
    { width: 32, height: 32, count: 5 },
    { width: 40, height: 24, count: 2 },
  ],
} as const;

function dreamBooth(name: string, cache: string, parts: Partial<TrainJob> = {}): TrainJob {
  return tinyJob(
    {
      folder: join(folder.path, name, 'run'),
      cacheFolder: join(folder.path, cache),
      base: join(folder.path, 'base'),
      images,
      prior: { weight: 1, images: [], making },
      ...parts,
    },
    { epochs: 3, checkpointEpochs: [3], randomFlip: true, captionDropout: 0.2 },
  );
}

test('class images are made in the run’s precision and clip skip, and others at another', async () => {
  const asked: GenerateJob[] = [];
  const make = (generate: GenerateJob) => {
    asked.push(generate);
    return Promise.resolve();
  };
  const context = { emit: () => undefined, stop: new AbortController().signal };
  const model = await openModel({ base: join(folder.path, 'base') });
  try {
    const job = dreamBooth('precise', 'precise cache');
    const settings = { ...job.settings, precision: 'float16' } as const;
    const paths = [];
    for (const clipSkip of [1, 2]) {
      const prior = { weight: 1, images: [], making: { ...making, clipSkip } };
      const ready = await withClassImages({ ...job, settings, prior }, model, make, context);
      paths.push(ready.prior!.images[0]!.path);
    }
    expect(asked.map(({ precision, pictures }) => [precision, pictures[0]!.clipSkip])).toEqual([
      ['float16', undefined],
      ['float16', 2],
    ]);
    expect(paths[0]).not.toBe(paths[1]);
  } finally {
    await model.close();
  }
});

const phase = 'making class images';
const madeIn = (events: readonly JobEvent[]) =>
  events.filter((event) => event.type === 'progress' && event.phase === phase);

describe('class images', () => {
  test('are made by the base once, kept, and taken by another run that asks for the same', async () => {
    const first = dreamBooth('first', 'shared');
    const { events } = await trainHere(first);
    expect(madeIn(events).at(-1)).toMatchObject({ done: 7, total: 7 });
    const list = JSON.parse(await readFile(join(first.folder, 'class-images.json'), 'utf8')) as {
      files: string[];
    };
    expect(list.files).toHaveLength(7);
    const before = await Promise.all(list.files.map((file) => stat(join(first.cacheFolder, file))));

    // Damaged ones are made anew, to the same bytes.
    const [empty, cut] = list.files.map((file) => join(first.cacheFolder, file));
    const [emptied, whole] = [await readFile(empty!), await readFile(cut!)];
    await writeFile(empty!, '');
    await writeFile(cut!, whole.subarray(0, whole.length / 2));
    const damaged = dreamBooth('damaged', 'shared');
    expect(madeIn((await trainHere(damaged)).events)[0]).toMatchObject({ done: 5, total: 7 });
    expect([await readFile(empty!), await readFile(cut!)]).toEqual([emptied, whole]);
    before.splice(0, 2, await stat(empty!), await stat(cut!));

    const second = dreamBooth('second', 'shared');
    expect(madeIn((await trainHere(second)).events)).toEqual([]);
    // More of them: those that are there are taken, and the others made.
    const sizes = [{ ...making.sizes[0], count: 6 }, making.sizes[1]];
    const third = dreamBooth('third', 'shared', {
      prior: { weight: 1, images: [], making: { ...making, sizes } },
    });
    expect(madeIn((await trainHere(third)).events)[0]).toMatchObject({ done: 7, total: 8 });
    const after = await Promise.all(list.files.map((file) => stat(join(first.cacheFolder, file))));
    expect(after.map(({ mtimeMs }) => mtimeMs)).toEqual(before.map(({ mtimeMs }) => mtimeMs));
    expect(await hashTree(join(second.folder, 'checkpoints'))).toEqual(
      await hashTree(join(first.folder, 'checkpoints')),
    );

    // Other words, another picture.
    const other = dreamBooth('other words', 'shared', {
      prior: { weight: 1, images: [], making: { ...making, prompt: 'a square' } },
    });
    expect(madeIn((await trainHere(other)).events)[0]).toMatchObject({ done: 0, total: 7 });
  });

  test('decide what is learned, and change nothing of the noise the images get', async () => {
    const losses = async (name: string, weight: number | null) => {
      const { prior, ...job } = dreamBooth(name, 'shared');
      const { events } = await trainHere({
        ...job,
        ...(weight !== null && prior && { prior: { ...prior, weight } }),
      });
      return events.flatMap((event) => (event.type === 'step' ? [event.loss!] : []));
    };
    const [none, nothing, all] = [
      await losses('no prior', null),
      await losses('no weight', 0),
      await losses('full weight', 1),
    ];
    // Rows of weight 0 add exactly nothing but what rounding in another order does.
    nothing.forEach((loss, i) => {
      expect(Math.abs(loss / none[i]! - 1)).toBeLessThan(1e-4);
    });
    expect(all[0]!).toBeGreaterThan(none[0]! * 1.2);
  });

  test('that are made by a killed engine are there, and the run ends with the bytes of one left alone', async () => {
    const whole = dreamBooth('whole', 'whole cache');
    await trainHere(whole);
    const killed = dreamBooth('killed', 'killed cache');
    const engine = startEngine();
    const kills: ((event: JobEvent) => boolean)[] = [
      (event) => event.type === 'progress' && event.phase === phase && event.done >= 4,
      (event) => event.type === 'step' && event.step === 2,
      (event) => event.type === 'step' && event.step === 5,
    ];
    for (const reached of kills) {
      const kill = new AbortController();
      const { settings } = killed;
      const running = engine.run(
        { ...killed, settings: { ...settings, stateEveryMinutes: 0 } },
        {
          kill: kill.signal,
          onEvent: (event) => {
            if (reached(event)) kill.abort();
          },
        },
      );
      expect((await failureOf(running)).code).toBe('engine-killed');
    }
    await engine.run(killed);
    const files = async ({ folder: run }: TrainJob) => {
      const { 'metrics.jsonl': _, 'engine.lock': _lock, ...others } = await hashTree(run);
      return others;
    };
    expect(await files(killed)).toEqual(await files(whole));
    expect(await readMetrics(killed.folder)).toEqual(await readMetrics(whole.folder));
    expect(await hashTree(join(killed.cacheFolder, 'class-images'))).toEqual(
      await hashTree(join(whole.cacheFolder, 'class-images')),
    );
  }, 120_000);

  test('that were deleted meanwhile are made again', async () => {
    const job = dreamBooth('deleted', 'deleted cache');
    const stop = new AbortController();
    await trainHere(
      job,
      (event) => {
        if (event.type === 'step') stop.abort();
      },
      stop.signal,
    );
    const [kind] = await readdir(join(job.cacheFolder, 'class-images'));
    await rm(join(job.cacheFolder, 'class-images', kind!), { recursive: true });
    const { result, events } = await trainHere(job);
    expect(result.end).toBe('finished');
    expect(madeIn(events).length).toBeGreaterThan(0);
  });

  test('are asked for where a bucket has none', async () => {
    const prior = { weight: 1, images: images.filter(({ width }) => width === 32) };
    const failure = await failureOf(trainHere(dreamBooth('no bucket', 'shared', { prior })));
    expect([failure.code, failure.message]).toEqual([
      'class-images-missing',
      expect.stringContaining('40 x 24'),
    ]);
  });

  test('belong to what a run is resumed by', async () => {
    const job = dreamBooth('weights', 'shared');
    const stop = new AbortController();
    await trainHere(
      job,
      (event) => {
        if (event.type === 'step') stop.abort();
      },
      stop.signal,
    );
    const changed = { ...job, prior: { ...job.prior!, weight: 0.5 } };
    expect((await failureOf(trainHere(changed))).code).toBe('resume-mismatch');
  });
});

describe('an epoch with class images', () => {
  const square = { captions: [''], width: 64, height: 64 };
  const of = (name: string, count: number): TrainingImage[] =>
    Array.from({ length: count }, (_, i) => ({ ...square, id: `${name} ${i}`, path: `${name} ${i}` }));
  const [five, seven] = [of('image', 5), of('class', 7)];
  const epoch = (number: number) => besideClassImages(planEpoch(five, 2, 1, 1, number), seven, 1, number);

  test('has one beside each image, in batches of twice the rows', () => {
    for (const batch of epoch(1).flat()) {
      expect(batch.classImages).toHaveLength(batch.images.length);
      expect(batch.rows).toBe(4);
    }
  });

  test('shows each of them as often as the others, whenever it is planned', () => {
    const shown = Array.from({ length: 7 }, (_, i) => epoch(i + 1)).flat(2);
    const uses = Map.groupBy(
      shown.flatMap((batch) => batch.classImages!),
      ({ id }) => id,
    );
    // Seven epochs of five images: each of seven class images has its turn five times.
    expect([...uses.values()].map((times) => times.length)).toEqual(new Array(7).fill(5));
    expect(epoch(4)).toEqual(epoch(4));
  });
});
