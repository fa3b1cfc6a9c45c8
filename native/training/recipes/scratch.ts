import { initialWeights } from '../initial-weights.ts';
import type { Recipe } from '../training-loop.ts';
import { diffusionRecipe, writeComponents, type DiffusionRecipeOptions } from './diffusion.ts';

type ScratchOptions = Pick<DiffusionRecipeOptions, 'job' | 'model' | 'runtime' | 'context'>;

/** UNet and text encoder together from fresh weights; the base gives their configs and a trained VAE. */
export function scratchRecipe(options: ScratchOptions): Promise<Recipe> {
  return diffusionRecipe({
    ...options,
    textEncoderTrained: true,
    trained: 'full',
    initial: (spec) => Promise.resolve(initialWeights(spec, options.job.settings.seed, true)),
    writeCheckpoint: (folder, trainer) => writeComponents(folder, trainer, options),
  });
}
