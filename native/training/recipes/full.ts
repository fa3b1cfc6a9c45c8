import type { Recipe } from '../training-loop.ts';
import { baseWeight, diffusionRecipe, type DiffusionRecipeOptions, writeComponents } from './diffusion.ts';

type FullOptions = Pick<DiffusionRecipeOptions, 'job' | 'model' | 'runtime' | 'context'>;

/** Full finetuning: every weight of the UNet, and of the text encoder where asked for, from the base's values. */
export function fullRecipe(options: FullOptions, textEncoder: boolean): Promise<Recipe> {
  return diffusionRecipe({
    ...options,
    textEncoderTrained: textEncoder,
    trained: 'full',
    initial: baseWeight(options.model),
    writeCheckpoint: (folder, trainer) => writeComponents(folder, trainer, options),
  });
}
