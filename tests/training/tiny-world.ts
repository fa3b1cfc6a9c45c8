import { join } from 'node:path';

import { beforeAll } from 'vitest';

import type { TrainingImage } from '../../native/jobs.ts';
import { temporaryFolder } from '../images/pictures.ts';
import { drawImages, plainUNet, writeTinyModel } from './tiny-model.ts';

/** What most trainings of a test begin with: `base/`, a tiny model, in a folder of their own, and images, there before its tests. */
export function tinyWorld(...drawn: [count: number, buckets?: Parameters<typeof drawImages>[2]]): {
  readonly folder: { readonly path: string };
  readonly images: readonly TrainingImage[];
} {
  const folder = temporaryFolder();
  const images: TrainingImage[] = [];
  beforeAll(async () => {
    await writeTinyModel(join(folder.path, 'base'), { unet: plainUNet });
    images.push(...(await drawImages(join(folder.path, 'images'), ...drawn)));
  });
  return { folder, images };
}
