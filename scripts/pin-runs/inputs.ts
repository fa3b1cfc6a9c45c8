import path from 'node:path';

import type { TrainingImage } from '../../native/jobs.ts';
import { drawImages } from './tiny-images.ts';
import { writeTinyModel } from './tiny-model.ts';

/** What runs begin with, by name. */
export interface Inputs {
  readonly bases: Readonly<Record<'sd1' | 'sd2' | 'bare' | 'without vae' | 'seedling', string>>;
  readonly images: readonly TrainingImage[];
  readonly wide: readonly TrainingImage[];
}

/** @param project the checkout whose embedded base model is one of the bases */
export async function makeInputs(folder: string, project: string): Promise<Inputs> {
  const at = (name: string): string => path.join(folder, 'bases', name);
  await writeTinyModel(at('sd1'));
  await writeTinyModel(at('sd2'), { family: 'sd2' });
  await writeTinyModel(at('bare'), { withoutWeights: ['unet', 'text_encoder'] });
  await writeTinyModel(at('without vae'), { withoutWeights: ['vae'] });
  return {
    bases: {
      sd1: at('sd1'),
      sd2: at('sd2'),
      bare: at('bare'),
      'without vae': at('without vae'),
      seedling: path.join(project, 'resources', 'seedling'),
    },
    images: await drawImages(path.join(folder, 'images'), 14, [[32, 32]]),
    wide: await drawImages(path.join(folder, 'wide images'), 4, [[48, 24]]),
  };
}
