/**
 * Runs whose losses tests/reference/losses.py computes again from the same batches: the script that hands it the batches makes
 * them as the tests do.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import sharp from 'sharp';

import { usualLoss, usualNoise } from '../../native/facts/losses.ts';
import { maskPathOf } from '../../native/facts/masks.ts';
import type { TrainingImage, TrainJob } from '../../native/jobs.ts';
import { drawImages, plainUNet, tinyJob, type TinyModelOptions, writeTinyModel } from './tiny-model.ts';

/** Steps that are compared. */
export const comparedSteps = 20;

export interface LossVariant {
  readonly name: string;
  readonly changes?: Partial<TrainJob['settings']>;
  readonly method?: TrainJob['method'];
  /** Of the class images beside the others. */
  readonly priorWeight?: number;
  /** Whether images have masks beside them, which say which side of them is learned. */
  readonly masks?: boolean;
  readonly scheduler?: TinyModelOptions['scheduler'];
}

const velocity = { prediction_type: 'v_prediction' };
const lora = { kind: 'lora', textEncoder: false, rank: 3, alpha: 6 } as const;

export const lossVariants: readonly LossVariant[] = [
  { name: 'prior', priorWeight: 0.7 },
  { name: 'prior-lora', priorWeight: 1, method: lora, changes: { learningRate: 3e-3 } },
  { name: 'huber-snr', changes: { loss: { ...usualLoss, kind: 'huber' } } },
  {
    name: 'huber-exponential',
    changes: {
      minSnrGamma: 5,
      loss: { ...usualLoss, kind: 'huber', schedule: 'exponential', threshold: 0.2, scale: 1.5 },
    },
  },
  {
    name: 'smooth-l1-constant',
    priorWeight: 0.7,
    changes: { loss: { ...usualLoss, kind: 'smooth-l1', schedule: 'constant', threshold: 0.3 } },
  },
  { name: 'debiased', changes: { loss: { ...usualLoss, debiased: true } } },
  { name: 'debiased-v', scheduler: velocity, changes: { loss: { ...usualLoss, debiased: true } } },
  { name: 'min-snr-v', scheduler: velocity, changes: { minSnrGamma: 3 } },
  {
    name: 'zero-snr-v',
    scheduler: velocity,
    changes: { minSnrGamma: 5, noise: { ...usualNoise, zeroTerminalSnr: true } },
  },
  {
    name: 'masked',
    masks: true,
    changes: { masks: { source: 'files', unmaskedWeight: 0.2, normalize: false } },
  },
  {
    name: 'masked-normalized',
    masks: true,
    priorWeight: 1,
    changes: { masks: { source: 'files', unmaskedWeight: 0, normalize: true } },
  },
  { name: 'perturbed', changes: { noise: { ...usualNoise, inputPerturbation: 0.1 } } },
  { name: 'perturbed-v', scheduler: velocity, changes: { noise: { ...usualNoise, inputPerturbation: 0.2 } } },
];

/** Five images, and four of their kind where a variant has any, all of them small; batches of two, the third half full. */
export async function lossJob(folder: string, variant: LossVariant): Promise<TrainJob> {
  const { name, changes = {}, method, priorWeight, masks = false, scheduler = {} } = variant;
  const base = join(folder, name, 'base');
  await writeTinyModel(base, { unet: plainUNet, scheduler });
  const whole = await drawImages(join(folder, name, 'images'), 5);
  const images = masks ? await Promise.all(whole.map(withMask)) : whole;
  const classImages = await drawImages(join(folder, name, 'class'), 9);
  return tinyJob(
    {
      folder: join(folder, name, 'run'),
      base,
      images,
      ...(method && { method }),
      ...(priorWeight !== undefined && {
        prior: {
          weight: priorWeight,
          images: classImages.slice(5).map((image) => ({ ...image, captions: ['a circle'] })),
        },
      }),
    },
    { epochs: 7, checkpointEpochs: [7], learningRate: 3e-4, ...changes },
  );
}

/** White from one of its columns on, and a grey stripe; of the very size that it is trained in. */
async function withMask(image: TrainingImage, i: number): Promise<TrainingImage> {
  const { width, height } = image;
  const mask = maskPathOf(image.path);
  const pixels = Buffer.from(
    Array.from({ length: width * height }, (_, at) => {
      const [x, y] = [at % width, Math.floor(at / width)];
      return x >= 5 + 4 * i ? 255 : y % 7 === 0 ? 90 : 0;
    }),
  );
  await writeFile(
    mask,
    await sharp(pixels, { raw: { width, height, channels: 1 } })
      .png()
      .toBuffer(),
  );
  return { ...image, mask };
}
