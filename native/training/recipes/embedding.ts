import { join } from 'node:path';

import { embeddingName } from '../../facts/run-folder.ts';
import { checkNewWord } from '../../families/settings-fit.ts';
import { writeEmbedding } from '../../weights/embedding-file.ts';
import { readTrained } from '../checkpoint-weights.ts';
import { diffusionRecipe } from '../diffusion-task.ts';
import { firstVectors, type WordMethod } from '../first-vectors.ts';
import type { Trainer } from '../trainer.ts';
import type { Recipe, RecipeOptions } from '../training-task.ts';

/**
 * Textual inversion (Gal et al. 2022): a new word's vectors, in each text encoder. The gradient goes through denoiser and text
 * encoders, and no weight of theirs is touched.
 */
export function embeddingRecipe(options: RecipeOptions, method: WordMethod): Recipe {
  const { job, model } = options;
  const { wordEncoders } = model;
  for (const { ids } of wordEncoders) checkNewWord(method.word, ids(method.word).length);
  return diffusionRecipe(options, {
    trained: 'new-words',
    initial: (parameter) => firstVectors(parameter, method, model, job.settings.seed),
    writeCheckpoint: async (folder, trainer) => {
      const { word, vectors: count } = method;
      const vectors = await readVectors(trainer, job.settings);
      await writeEmbedding(join(folder, embeddingName), { word, count, vectors }, wordEncoders);
    },
  });
}

async function readVectors(
  trainer: Trainer,
  settings: RecipeOptions['job']['settings'],
): Promise<ReadonlyMap<string, Float32Array<ArrayBuffer>>> {
  const read = new Map<string, Float32Array<ArrayBuffer>>();
  for (const parameter of trainer.trainable)
    read.set(parameter.component, await readTrained(trainer, settings, parameter));
  return read;
}
