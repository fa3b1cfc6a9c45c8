import { writeTrainedComponents } from '../checkpoint-weights.ts';
import { diffusionRecipe } from '../diffusion-task.ts';
import { initialWeights } from '../initial-weights.ts';
import type { Recipe, RecipeOptions } from '../training-task.ts';

/**
 * Denoiser and, where they are trained, text encoders together, each from fresh weights where the base has a config and no
 * weights of it. The base gives a trained autoencoder.
 */
export function scratchRecipe(options: RecipeOptions): Recipe {
  const { model, job } = options;
  return diffusionRecipe(options, {
    trained: 'full',
    initial: (parameter) =>
      model.component(parameter.component).hasWeights
        ? model.readWeight(parameter)
        : Promise.resolve(initialWeights(parameter, job.settings.seed)),
    writeCheckpoint: (folder, trainer) => writeTrainedComponents(folder, { model, trainer }, job.settings),
  });
}
