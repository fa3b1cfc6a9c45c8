import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import sharp from 'sharp';
import { beforeAll, describe, expect, test } from 'vitest';

import { maskPathOf } from '../../native/facts/masks.ts';
import { readMask } from '../../native/images/decode.ts';
import type { TrainingImage, TrainJob } from '../../native/jobs.ts';
import { openBlobCache } from '../../native/training/blob-cache.ts';
import { byArea, encodeMasks, maskWeights } from '../../native/training/masks.ts';
import { temporaryFolder } from '../images/pictures.ts';
import {
  drawImages,
  failureOf,
  plainUNet,
  tinyJob,
  tinySettings,
  trainHere,
  writeTinyModel,
} from './tiny-model.ts';

const folder = temporaryFolder();
const stop = new AbortController().signal;
let images: TrainingImage[];
beforeAll(async () => {
  await writeTinyModel(join(folder.path, 'base'), { unet: plainUNet });
  images = await drawImages(join(folder.path, 'images'), 2);
});

/** White where x is at least `from`. */
async function half(path: string, size: number, from: number, height = size): Promise<void> {
  const pixels = Buffer.from(Array.from({ length: size * height }, (_, at) => (at % size >= from ? 255 : 0)));
  await writeFile(
    path,
    await sharp(pixels, { raw: { width: size, height, channels: 1 } })
      .png()
      .toBuffer(),
  );
}

describe('a mask', () => {
  test('lies beside its image under OneTrainer’s name', () => {
    expect(maskPathOf('/a.b/fox.tail.jpg')).toBe('/a.b/fox.tail-masklabel.png');
  });

  test('shows something of some image, or the rest has to count', async () => {
    const mask = join(folder.path, 'black.png');
    await half(mask, 40, 40);
    const options = { cache: openBlobCache(join(folder.path, 'black blobs'), 1e6), stop };
    const encode = (
      unmaskedWeight: number,
      source: 'files' | 'alpha' = 'files',
      more: TrainingImage[] = [],
    ) =>
      encodeMasks(
        [{ ...images[0]!, mask }, ...more],
        4,
        { ...tinySettings, masks: { source, unmaskedWeight, normalize: true } },
        options,
      );
    expect((await failureOf(encode(0))).code).toBe('masks-empty');
    for (const fine of [encode(0.1), encode(0, 'alpha'), encode(0, 'files', [images[1]!])]) await fine;
  });

  test('is brought down to latents by area, and mirrored with its image', async () => {
    const [image] = images;
    const mask = maskPathOf(image!.path);
    await half(mask, 40, 15);
    const settings = {
      ...tinySettings,
      masks: { source: 'files', unmaskedWeight: 0.25, normalize: false },
    } as const;
    const options = { cache: openBlobCache(join(folder.path, 'blobs'), 1e6), stop };
    const read = await encodeMasks([{ ...image!, mask }], 4, settings, options);
    const weights = await read({ image: { ...image!, mask }, flipped: false });
    expect(weights).toHaveLength(64);
    // 40 pixels become 32, so white begins at the twelfth: three latents are left out, and the fourth on is learned.
    const row = [...weights!.subarray(0, 8)];
    expect(row.slice(0, 2)).toEqual([0.25, 0.25]);
    expect(row.slice(4)).toEqual([1, 1, 1, 1]);
    const flipped = await read({ image: { ...image!, mask }, flipped: true });
    expect([...flipped!.subarray(0, 8)]).toEqual(row.toReversed());
    expect(await read({ image: images[1]!, flipped: false })).toBeNull();
  });

  test('may be the transparency of an image, which then need not be a PNG of its own', async () => {
    const path = join(folder.path, 'see-through.png');
    const pixels = Buffer.from(
      Array.from({ length: 8 * 8 * 4 }, (_, at) => (at % 4 === 3 ? ((at >> 2) % 8 < 4 ? 255 : 0) : 100)),
    );
    await writeFile(
      path,
      await sharp(pixels, { raw: { width: 8, height: 8, channels: 4 } })
        .png()
        .toBuffer(),
    );
    const alpha = await readMask(path, { width: 8, height: 8 }, 'alpha');
    expect([...alpha.subarray(0, 8)]).toEqual([255, 255, 255, 255, 0, 0, 0, 0]);
    expect([...byArea(alpha, { width: 8, height: 8 }, 4)]).toEqual([1, 0, 1, 0]);
    const opaque = await readMask(images[0]!.path, { width: 8, height: 8 }, 'alpha');
    expect(new Set(opaque)).toEqual(new Set([255]));
  });

  test('normalised counts as much as none', () => {
    const weights = maskWeights(Float32Array.of(0, 0, 0, 1), { unmaskedWeight: 0.2, normalize: true });
    expect(weights.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(4, 5);
    const empty = maskWeights(new Float32Array(4), { unmaskedWeight: 0, normalize: true });
    expect([...empty]).toEqual([0, 0, 0, 0]);
  });

  test('of another shape than its image is refused', async () => {
    const [, image] = images;
    const mask = join(folder.path, 'long-masklabel.png');
    await half(mask, 40, 10, 20);
    const failure = await failureOf(trainHere(jobWith('long', [{ ...image!, mask }])));
    expect(failure.code).toBe('mask-size');
  });
});

function jobWith(
  name: string,
  of: readonly TrainingImage[],
  changes: Partial<TrainJob['settings']> = {},
): TrainJob {
  return tinyJob(
    {
      ...{ folder: join(folder.path, name, 'run'), base: join(folder.path, 'base'), images: of },
      ...{ cacheFolder: join(folder.path, 'cache'), validation: images.slice(0, 1) },
    },
    {
      ...{ epochs: 1, checkpointEpochs: [1], learningRate: 1e-12 },
      masks: { source: 'files', unmaskedWeight: 0, normalize: false },
      ...changes,
    },
  );
}

test('held-out images are judged whole, whatever is masked', async () => {
  const mask = join(folder.path, 'right-masklabel.png');
  await half(mask, 40, 30);
  const masked = await trainHere(jobWith('masked', [{ ...images[1]!, mask }]));
  const { masks: _masks, ...settings } = jobWith('whole', images.slice(1)).settings;
  const whole = await trainHere({ ...jobWith('whole', images.slice(1)), settings });
  expect(Math.abs(masked.result.validationLoss! / whole.result.validationLoss! - 1)).toBeLessThan(1e-5);
  expect(masked.result.trainLoss!).toBeLessThan(whole.result.trainLoss! / 2);
});
