import { initialWeights } from '../initial-weights.ts';
import type { Recipe } from '../training-loop.ts';
import {
  baseWeight,
  diffusionRecipe,
  type DiffusionRecipeOptions,
  splitParameterName,
  writeComponents,
} from './diffusion.ts';

type ScratchOptions = Pick<DiffusionRecipeOptions, 'job' | 'model' | 'runtime' | 'context'>;

/**
 * UNet and, where it is trained, text encoder together, each from fresh weights where the base has a config and no weights
 * of it. The base gives a trained VAE.
 */
export function scratchRecipe(options: ScratchOptions, textEncoderTrained: boolean): Promise<Recipe> {
  return diffusionRecipe({
    ...options,
    textEncoderTrained,
    trained: 'full',
    initial: (spec) => {
      const { component } = splitParameterName(spec.name);
      return options.model[component].hasWeights
        ? baseWeight(options.model)(spec)
        : Promise.resolve(initialWeights(spec, options.job.settings.seed, component === 'unet'));
    },
    writeCheckpoint: (folder, trainer) => writeComponents(folder, trainer, options),
  });
}
