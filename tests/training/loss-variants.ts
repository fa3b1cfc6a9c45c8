/**
 * Runs whose losses tests/reference/losses.py computes again from the same batches: the script that hands it the batches makes
 * them as the tests do.
 */
import { join } from 'node:path';

import { usualLoss, usualNoise } from '../../native/facts/losses.ts';
import type { TrainJob } from '../../native/jobs.ts';
import { drawImages, plainUNet, tinyJob, type TinyModelOptions, writeTinyModel } from './tiny-model.ts';

/** Steps that are compared. */
export const comparedSteps = 20;

export interface LossVariant {
  readonly name: string;
  readonly changes?: Partial<TrainJob['settings']>;
  readonly method?: TrainJob['method'];
  /** Of the class images beside the others. */
  readonly priorWeight?: number;
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
  { name: 'perturbed', changes: { noise: { ...usualNoise, inputPerturbation: 0.1 } } },
  { name: 'perturbed-v', scheduler: velocity, changes: { noise: { ...usualNoise, inputPerturbation: 0.2 } } },
];

/** Five images, and four of their kind where a variant has any, all of them small; batches of two, the third half full. */
export async function lossJob(folder: string, variant: LossVariant): Promise<TrainJob> {
  const { name, changes = {}, method, priorWeight, scheduler = {} } = variant;
  const base = join(folder, name, 'base');
  await writeTinyModel(base, { unet: plainUNet, scheduler });
  const images = await drawImages(join(folder, name, 'images'), 5);
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
