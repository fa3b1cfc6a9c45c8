import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import sharp from 'sharp';
import { describe, expect, test } from 'vitest';

import { type AugmentationSettings, usualAugmentation } from '../../native/facts/augmentation.ts';
import { maskPathOf } from '../../native/facts/masks.ts';
import { asItIs, drawView, ofClassImages, readView, viewsOf } from '../../native/images/image-views.ts';
import { pictureOrigin } from '../../native/images/picture-origin.ts';
import type { TrainJob } from '../../native/jobs.ts';
import { openBlobCache } from '../../native/training/blob-cache.ts';
import { encodeMasks } from '../../native/training/masks.ts';
import { readOrigins } from '../../native/training/picture-origins.ts';
import { hashTree, readMetrics, tinyJob, tinySettings, trainHere } from './tiny-model.ts';
import { tinyWorld } from './tiny-world.ts';

const { folder, images } = tinyWorld(6, [
  [32, 32],
  [40, 24],
]);

const augmentation: AugmentationSettings = {
  ...usualAugmentation,
  ...{ variants: 4, crop: 0.2, rotation: 8, brightness: 0.2, hue: 20 },
};
const settings = { ...tinySettings, randomFlip: true, augmentation };

describe('the versions of an image', () => {
  test('are the image itself and altered ones, every second of them mirrored', () => {
    const views = viewsOf(images[0]!, settings);
    expect(views.map(({ flipped }) => flipped)).toEqual([false, true, false, true]);
    expect(views[0]).toEqual(asItIs(images[0]!));
    expect(new Set(views.slice(1).map(({ alteration }) => JSON.stringify(alteration))).size).toBe(3);
    const unmirrored = viewsOf(images[0]!, { ...settings, randomFlip: false });
    expect(unmirrored.map(({ alteration }) => alteration)).toEqual(views.map(({ alteration }) => alteration));
    expect(unmirrored.some(({ flipped }) => flipped)).toBe(false);
  });

  test('are the image and its mirrored one where nothing is altered', () => {
    for (const plain of [undefined, usualAugmentation]) {
      const { augmentation: _, ...rest } = settings;
      const views = viewsOf(images[0]!, { ...rest, ...(plain && { augmentation: plain }) });
      expect(views).toEqual([asItIs(images[0]!), { image: images[0]!, flipped: true }]);
    }
  });

  test('are drawn by seed, step and place, each as often', () => {
    const all = viewsOf(images[0]!, settings).map((view) => JSON.stringify(view));
    const counts = new Map(all.map((view) => [view, 0]));
    for (let step = 0; step < 2000; step++) {
      const drawn = JSON.stringify(drawView(images[0]!, settings, step, 1));
      expect(drawn).toBe(JSON.stringify(drawView(images[0]!, settings, step, 1)));
      counts.set(drawn, counts.get(drawn)! + 1);
    }
    // Four of a quarter each: a deviation is 19 uses.
    for (const count of counts.values()) expect(Math.abs(count - 500)).toBeLessThan(80);
    const places = (seed: number, index: number): string =>
      Array.from({ length: 40 }, (_, step) =>
        all.indexOf(JSON.stringify(drawView(images[0]!, { ...settings, seed }, step, index))),
      ).join();
    expect(places(3, 1)).not.toBe(places(3, 2));
  });

  test('show other pixels, each the same whenever it is read', async () => {
    const pixels = await Promise.all(viewsOf(images[1]!, settings).map(readView));
    expect(new Set(pixels.map((array) => array.join())).size).toBe(4);
    const again = await readView(viewsOf(images[1]!, settings)[2]!);
    expect(again).toEqual(pixels[2]);
    expect(pixels.every((array) => array.length === 3 * 40 * 24)).toBe(true);
  });

  test('of class images are as they are, or mirrored', () => {
    for (let step = 0; step < 50; step++)
      expect(drawView(images[0]!, ofClassImages(settings), step, 2 ** 31)).not.toHaveProperty('alteration');
  });

  test('say by where they were cut what SDXL is told', async () => {
    const originOf = await readOrigins(images, { facts: { time_ids: { type: 'float32', shape: [6] } } });
    const views = viewsOf(images[1]!, settings);
    const original = { width: 40, height: 40 };
    for (const view of views)
      expect(originOf(view)).toEqual(pictureOrigin(original, images[1]!, view.flipped, view.alteration));
    expect(new Set(views.map((view) => JSON.stringify(originOf(view).crop))).size).toBeGreaterThan(2);
  });

  test('each have a mask of their own', async () => {
    const [image] = images;
    const mask = maskPathOf(image!.path);
    const half = Buffer.from(Array.from({ length: 1600 }, (_, at) => (at % 40 < 15 ? 0 : 255)));
    await writeFile(
      mask,
      await sharp(half, { raw: { width: 40, height: 40, channels: 1 } })
        .png()
        .toBuffer(),
    );
    const masked = { ...image!, mask };
    const masks = { source: 'files', unmaskedWeight: 0, normalize: false } as const;
    const options = {
      cache: openBlobCache(join(folder.path, 'masks'), 1e6),
      stop: new AbortController().signal,
    };
    const read = await encodeMasks([masked], 4, { ...settings, masks }, options);
    const weights = await Promise.all(viewsOf(masked, settings).map(read));
    expect(new Set(weights.map((weight) => weight!.join())).size).toBe(4);
    // Mirrored, what is left out lies to the right.
    const sum = (weight: Float32Array, from: number): number =>
      weight.filter((_, at) => at % 8 >= from && at % 8 < from + 2).reduce((all, value) => all + value, 0);
    for (const [version, weight] of weights.entries()) {
      const [left, right] = [sum(weight!, 0), sum(weight!, 6)];
      expect(version % 2 === 1 ? left > right : right > left).toBe(true);
    }
  });
});

describe('a run on altered images', () => {
  const job = (name: string, changes: Partial<TrainJob['settings']> = {}, cache = 'cache'): TrainJob =>
    tinyJob(
      {
        ...{ folder: join(folder.path, name, 'run'), base: join(folder.path, 'base') },
        ...{ cacheFolder: join(folder.path, cache), validation: [images[4]!] },
        images: [images[0]!, images[2]!],
      },
      { ...{ epochs: 1, checkpointEpochs: [1], randomFlip: true, augmentation }, ...changes },
    );
  const latentsIn = async (cache: string): Promise<Set<string>> => {
    const names = await readdir(join(folder.path, cache), { recursive: true });
    return new Set(names.filter((name) => name.endsWith('.f32')));
  };

  test('ends with the bytes of one that was not stopped', async () => {
    const long = { epochs: 5, checkpointEpochs: [5] };
    const [whole, stopped] = [job('whole', long), job('stopped', long, 'another cache')];
    await trainHere(whole);
    const stop = new AbortController();
    await trainHere(
      stopped,
      (event) => {
        if (event.type === 'step' && event.step === 3) stop.abort();
      },
      stop.signal,
    );
    await trainHere(stopped);
    const filesOf = async ({ folder: run }: TrainJob) => {
      const { 'metrics.jsonl': _, ...files } = await hashTree(run);
      return files;
    };
    expect(await filesOf(stopped)).toEqual(await filesOf(whole));
    expect(await readMetrics(stopped.folder)).toEqual(await readMetrics(whole.folder));
  });

  test('keeps the versions of what it is trained on, and of what is held out the image alone', async () => {
    const { augmentation: _, ...plain } = job('plain', { randomFlip: false }, 'counted').settings;
    await trainHere({ ...job('plain', {}, 'counted'), settings: plain });
    const before = await latentsIn('counted');
    await trainHere(job('altered', { randomFlip: false }, 'counted'));
    const after = await latentsIn('counted');
    // Three versions more of each of the two; the images themselves are there already, and so are all captions.
    expect(after.size - before.size).toBe(6);
    await trainHere(job('again', { randomFlip: false }, 'counted'));
    expect(await latentsIn('counted')).toEqual(after);
    for (const [name, changes] of [
      ['other crop', { augmentation: { ...augmentation, crop: 0.21 } }],
      ['other seed', { seed: 4 }],
    ] as const) {
      const known = await latentsIn('counted');
      await trainHere(job(name, { randomFlip: false, ...changes }, 'counted'));
      expect((await latentsIn('counted')).size - known.size).toBe(6);
    }
  });

  test('judges held-out images as they are', async () => {
    const still = { learningRate: 1e-12 };
    const altered = await trainHere(job('judged', still));
    const { augmentation: _, ...plain } = job('unaltered', still).settings;
    const unaltered = await trainHere({ ...job('unaltered'), settings: plain });
    expect(altered.result.validationLoss).toBeCloseTo(unaltered.result.validationLoss!, 6);
    expect(altered.result.trainLoss).not.toBeCloseTo(unaltered.result.trainLoss!, 6);
  });

  test('trains the VAE on them, too', async () => {
    const method = { kind: 'vae', kl: 1e-6 } as const;
    const square = images.filter(({ width }) => width === 32).slice(0, 2);
    const losses = await Promise.all(
      [augmentation, usualAugmentation].map(async (own, i) => {
        const run = job(`vae ${i}`, { augmentation: own, learningRate: 1e-12 });
        return (await trainHere({ ...run, method, images: square, validation: [] })).result.trainLoss;
      }),
    );
    expect(losses[0]).not.toBeCloseTo(losses[1]!, 6);
  });
});
