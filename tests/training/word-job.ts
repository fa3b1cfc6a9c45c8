/** A job that teaches a tiny model a word: what tests train, and tests/reference/textual_inversion.py trains in PyTorch. */
import { join } from 'node:path';

import type { Method, TrainingSettings, TrainJob } from '../../native/jobs.ts';
import { drawImages, plainUNet, tinyJob, writeTinyModel } from './tiny-model.ts';
import { writeTinyXlModel } from './tiny-xl-model.ts';

export type WordFamily = 'sd' | 'xl';

export const taughtWord = '<wolf>';
/** Optimizer steps of the reference; the job has some more. */
export const comparedWordSteps = 20;

export const wordMethod = {
  kind: 'embedding',
  word: taughtWord,
  vectors: 3,
  initWords: 'green circle',
} as const satisfies Method;

const captions = ['a <wolf> square', '<wolf>', 'two <wolf>, blurred', 'small <wolf> dots', 'a red <wolf>'];

/** Writes the base and five pictures, in batches of two, and gives the job over them: three steps an epoch. */
export async function wordJob(
  folder: string,
  family: WordFamily,
  changes: Partial<TrainingSettings> = {},
  method: Method = wordMethod,
): Promise<TrainJob> {
  const base = join(folder, family, 'base');
  await (family === 'sd' ? writeTinyModel(base, { unet: plainUNet }) : writeTinyXlModel(base));
  const images = await drawImages(join(folder, family, 'images'), captions.length);
  return tinyJob(
    {
      folder: join(folder, family, 'run'),
      cacheFolder: join(folder, family, 'cache'),
      base,
      method,
      images: images.map((image, i) => ({ ...image, captions: [captions[i]!] })),
    },
    {
      epochs: 7,
      checkpointEpochs: [1, 7],
      learningRate: 5e-3,
      optimizer: { kind: 'adamw', beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0 },
      ...changes,
    },
  );
}
