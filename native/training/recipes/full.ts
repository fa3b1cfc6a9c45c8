import { writeTrainedComponents } from '../checkpoint-weights.ts';
import { diffusionRecipe } from '../diffusion-task.ts';
import type { Recipe, RecipeOptions } from '../training-task.ts';

/** Full finetuning: every weight of the denoiser, and of the text encoders where asked for, from the base's values. */
export function fullRecipe(options: RecipeOptions): Recipe {
  const { model, job } = options;
  return diffusionRecipe(options, {
    trained: 'full',
    initial: model.readWeight,
    writeCheckpoint: (folder, trainer) => writeTrainedComponents(folder, { model, trainer }, job.settings),
  });
}
