import { mkdir } from 'node:fs/promises';

import { Failure } from '../failure.ts';
import type { JobContext, TrainJob, TrainResult } from '../jobs.ts';
import { openStableDiffusion, type StableDiffusion } from '../models/stable-diffusion.ts';
import { chooseRuntime } from '../runtime/providers.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { fullRecipe } from './recipes/full.ts';
import { loraRecipe } from './recipes/lora.ts';
import { scratchRecipe } from './recipes/scratch.ts';
import { vaeRecipe } from './recipes/vae.ts';
import { beginning } from './run-state.ts';
import { trainingLoop, type Recipe } from './training-loop.ts';

/** Trains, or trains on from the run's newest state. Resolves at the last epoch or at the step a stop fell on. */
export async function train(job: TrainJob, context: JobContext): Promise<TrainResult> {
  if (job.images.length === 0) {
    throw new Failure('no-images', 'There is no image to train on.', 'Add images to the data set.');
  }
  await mkdir(job.folder, { recursive: true });
  const runtime = await chooseRuntime(job.device);
  context.emit({ type: 'note', message: runtime.description });
  const model = await openStableDiffusion({ base: job.base });
  try {
    const recipe = await chooseRecipe(job, model, runtime, context);
    try {
      return await trainingLoop(job, recipe, context);
    } finally {
      await recipe.dispose();
    }
  } catch (error) {
    // Stopped while encoding: nothing is half-done, and what was encoded is in the cache.
    if (!context.stop.aborted || error !== context.stop.reason) throw error;
    return {
      kind: 'train',
      end: 'stopped',
      step: beginning.step,
      epoch: 0,
      trainLoss: null,
      validationLoss: null,
    };
  } finally {
    await model.close();
    await runtime.dispose();
  }
}

function chooseRecipe(
  job: TrainJob,
  model: StableDiffusion,
  runtime: Runtime,
  context: JobContext,
): Promise<Recipe> {
  const options = { job, model, runtime, context };
  const { method } = job;
  switch (method.kind) {
    case 'full':
      return fullRecipe(options, method.textEncoder);
    case 'lora':
      return loraRecipe(options, method);
    case 'scratch':
      return scratchRecipe(options);
    case 'vae':
      return vaeRecipe(options, method.kl);
  }
}
