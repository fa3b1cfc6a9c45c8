import { describe, expect, test } from 'vitest';

import { wholePicture } from '../../native/images/picture-origin.ts';
import type { TrainingImage, TrainingSettings } from '../../native/jobs.ts';
import { noiseProcess } from '../../native/noise/noise-process.ts';
import { noiseSchedule } from '../../native/noise/noise-schedule.ts';
import { parseSchedulerConfig } from '../../native/noise/scheduler-config.ts';
import type { CaptionInputs } from '../../native/training/caption-inputs.ts';
import {
  type DiffusionBatchOptions,
  planValidation,
  prepareTrainingBatch,
} from '../../native/training/diffusion-batches.ts';
import { tinyScheduler, tinySettings } from './tiny-model.ts';

const scheduler = parseSchedulerConfig(JSON.stringify(tinyScheduler), 'scheduler_config.json');
const noise = noiseProcess(scheduler);
const schedule = noiseSchedule(scheduler);
const image = (id: string, captions = [id]): TrainingImage => ({
  id,
  path: id,
  captions,
  width: 16,
  height: 8,
});
/** Latents of 4 x 2 x 4. */
const [area, size] = [8, 32];

/** Captions by the row they were filled into; what reaches the graph is their length. */
function recordCaptions(): { readonly inputs: CaptionInputs; readonly captions: (string | null)[] } {
  const captions: (string | null)[] = [];
  const fill: CaptionInputs['fill'] = (rows) => {
    captions.push(...rows);
    return Promise.resolve({ text: Float32Array.from(rows, (row) => row?.length ?? 0) });
  };
  return { inputs: { fill }, captions };
}

/** Posteriors with the mean 1, mirrored 3, and the deviation given. */
function options(
  changes: Partial<TrainingSettings> = {},
  deviation = 0,
  captions = recordCaptions().inputs,
): DiffusionBatchOptions {
  return {
    settings: { ...tinySettings, ...changes },
    noise,
    autoencoder: { latentChannels: 4, factor: 4, scalingFactor: 0.5 },
    readMoments: ({ flipped }) =>
      Promise.resolve(new Float32Array(2 * size).fill(flipped ? 3 : 1, 0, size).fill(deviation, size)),
    captions,
    conditioning: { facts: {}, factsOf: () => ({}) },
    originOf: ({ image }) => wholePicture(image),
  };
}

const prepare = async (
  images: readonly TrainingImage[],
  place: { step: number; firstIndex: number; share: number },
  given: DiffusionBatchOptions,
  rows = images.length,
) => {
  const { shape, data } = await prepareTrainingBatch(
    { images, rows, bucket: { width: 16, height: 8 } },
    place,
    given,
  );
  const array = (name: string): Float32Array => data[name] as Float32Array;
  return { shape, data, array };
};
const first = { step: 1, firstIndex: 0, share: 1 };
/** A batch of as many rows as it takes for rates to show. */
const many = (count: number, captions?: string[]): TrainingImage[] =>
  Array.from({ length: count }, (_, i) => image(`image ${i}`, captions));
const mean = (values: ArrayLike<number>): number =>
  Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;

describe('a training batch', () => {
  test('is the same whenever and beside whatever it is made', async () => {
    const changes = { randomFlip: true, captionDropout: 0.5, noiseOffset: 0.1 };
    const [a, b] = [image('a'), image('b', ['one', 'another'])];
    const together = await prepare([a, b], { ...first, step: 7 }, options(changes, 1));
    const again = await prepare([a, b], { ...first, step: 7 }, options(changes, 1));
    expect(again.data).toEqual(together.data);
    const alone = await prepare([b], { step: 7, firstIndex: 1, share: 1 }, options(changes, 1));
    for (const name of ['latents', 'noise']) {
      expect(alone.array(name)).toEqual(together.array(name).slice(size));
    }
    for (const name of ['timesteps', 'loss_weights', 'text']) {
      expect(alone.array(name)[0]).toBe(together.array(name)[1]);
    }
  });

  test('has other noise at every step, at every place in it and with every seed', async () => {
    const noises: string[] = [];
    for (const [step, firstIndex, seed] of [
      [1, 0, 1],
      [2, 0, 1],
      [1, 1, 1],
      [1, 0, 2],
    ] as const) {
      const batch = await prepare([image('a')], { step, firstIndex, share: 1 }, options({ seed }));
      noises.push(batch.array('noise').join());
    }
    expect(new Set(noises).size).toBe(4);
  });

  test('says by its rates what of latents and noise is left at each timestep', async () => {
    const { array, shape } = await prepare(many(50), first, options());
    expect(shape).toEqual({ rows: 50, size: { height: 2, width: 4 } });
    array('timesteps').forEach((t, i) => {
      expect(array('signal_rate')[i]! ** 2).toBeCloseTo(schedule.alphasCumprod[t]!, 6);
      expect(array('noise_rate')[i]! ** 2).toBeCloseTo(1 - schedule.alphasCumprod[t]!, 6);
    });
  });

  test('draws timesteps from all there are', async () => {
    const timesteps = (await prepare(many(4000), first, options())).array('timesteps');
    expect(Math.min(...timesteps)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...timesteps)).toBeLessThanOrEqual(999);
    // The mean of 4000 draws from 0 to 999 has a deviation of 4.6.
    expect(Math.abs(mean(timesteps) - 499.5)).toBeLessThan(15);
    expect(timesteps.every(Number.isInteger)).toBe(true);
  });

  test('draws latents from the posterior, scaled', async () => {
    const exact = await prepare([image('a')], first, options());
    expect(new Set(exact.array('latents'))).toEqual(new Set([0.5]));
    const drawn = (await prepare(many(500), first, options({}, 2))).array('latents');
    // 16000 draws with mean 0.5 and deviation 1: the mean deviates by 0.008, the variance by 0.011.
    expect(Math.abs(mean(drawn) - 0.5)).toBeLessThan(0.03);
    expect(Math.abs(mean(drawn.map((value) => (value - 0.5) ** 2)) - 1)).toBeLessThan(0.04);
  });

  test('adds the noise offset as one number to each channel', async () => {
    const plain = (await prepare(many(2), first, options())).array('noise');
    const offset = (await prepare(many(2), first, options({ noiseOffset: 0.5 }))).array('noise');
    const added = Array.from({ length: 8 }, (_, channel) => {
      const [begin, end] = [channel * area, (channel + 1) * area];
      const differences = offset.slice(begin, end).map((value, i) => value - plain[begin + i]!);
      // Only float32's rounding of the sum differs within a channel.
      for (const difference of differences) expect(difference).toBeCloseTo(differences[0]!, 5);
      return differences[0]!;
    });
    expect(new Set(added).size).toBe(8);
    const wide = (await prepare(many(1000), first, options({ noiseOffset: 0.5 }))).array('noise');
    // Unit noise plus an offset of deviation 0.5: a variance of 1.25.
    expect(Math.abs(mean(wide.map((value) => value ** 2)) - 1.25)).toBeLessThan(0.05);
  });

  test('mirrors half of the images where that is wanted, and none where not', async () => {
    const flipped = async (randomFlip: boolean): Promise<number> => {
      const latents = (await prepare(many(1000), first, options({ randomFlip }))).array('latents');
      return latents.filter((value) => value === 1.5).length / size / 1000;
    };
    expect(await flipped(false)).toBe(0);
    // A deviation of 0.016.
    expect(Math.abs((await flipped(true)) - 0.5)).toBeLessThan(0.06);
  });

  test('drops captions at the rate asked for', async () => {
    const dropped = async (captionDropout: number): Promise<number> => {
      const { inputs, captions } = recordCaptions();
      await prepare(many(1000), first, options({ captionDropout }, 0, inputs));
      return captions.filter((caption) => caption === null).length / 1000;
    };
    expect(await dropped(0)).toBe(0);
    expect(await dropped(1)).toBe(1);
    // A deviation of 0.014.
    expect(Math.abs((await dropped(0.3)) - 0.3)).toBeLessThan(0.05);
  });

  test('draws each of an image’s captions as often', async () => {
    const { inputs, captions } = recordCaptions();
    await prepare(many(900, ['one', 'two', 'three']), first, options({}, 0, inputs));
    for (const uses of Map.groupBy(captions, (caption) => caption).values()) {
      // 300 with a deviation of 14.
      expect(Math.abs(uses.length - 300)).toBeLessThan(50);
    }
  });

  test('fills rows without an image with the first, which then count nothing', async () => {
    const images = [image('a'), image('bb'), image('ccc')];
    const place = { step: 3, firstIndex: 2, share: 1 / 5 };
    const padded = await prepare(images, place, options(), 4);
    const exact = await prepare(images, place, options());
    expect(padded.shape).toEqual({ rows: 4, size: { height: 2, width: 4 } });
    expect([...padded.array('loss_weights')]).toEqual([...exact.array('loss_weights'), 0]);
    expect(mean(exact.array('loss_weights'))).toBeCloseTo(1 / 5, 7);
    for (const name of ['latents', 'noise']) {
      expect(padded.array(name).slice(3 * size)).toEqual(exact.array(name).slice(0, size));
      expect(padded.array(name).slice(0, 3 * size)).toEqual(exact.array(name));
    }
    expect([...padded.array('text')]).toEqual([1, 2, 3, 1]);
  });
});

describe('the held-out batches', () => {
  const images = [image('a'), image('bb'), { ...image('ccc'), width: 8, height: 16 }];
  const all = async (given: DiffusionBatchOptions, batchSize = 3) =>
    Promise.all(planValidation(images, batchSize, given).map((prepareOne) => prepareOne()));

  test('are the same in every run, whatever it draws while training', async () => {
    const changed = { seed: 99, randomFlip: true, captionDropout: 1, noiseOffset: 1, minSnrGamma: 5 };
    expect(await all(options(changed, 2))).toEqual(await all(options()));
  });

  test('judge every image at timesteps from all quarters, at the posterior’s mean, each counting the same', async () => {
    const batches = await all(options({}, 2));
    const rows = batches.flatMap(({ data, shape }) => {
      const value = (name: string, i: number): number => Number(data[name]![i]);
      return Array.from(data.loss_weights as Float32Array, (weight, i) => {
        return { shape, weight, text: value('text', i), timestep: value('timesteps', i) };
      });
    });
    const counted = rows.filter(({ weight }) => weight > 0);
    expect(counted).toHaveLength(12);
    for (const { weight } of counted) expect(weight).toBeCloseTo(1 / 12, 7);
    for (const text of [1, 2, 3]) {
      const quarters = counted
        .filter((row) => row.text === text)
        .map(({ timestep }) => Math.floor(timestep / 250));
      expect(quarters.sort()).toEqual([0, 1, 2, 3]);
    }
    for (const { data } of batches) expect(new Set(data.latents as Float32Array)).toEqual(new Set([0.5]));
    expect(new Set(rows.map(({ shape }) => JSON.stringify(shape)))).toEqual(
      new Set([
        JSON.stringify({ rows: 3, size: { height: 2, width: 4 } }),
        JSON.stringify({ rows: 3, size: { height: 4, width: 2 } }),
      ]),
    );
  });
});
