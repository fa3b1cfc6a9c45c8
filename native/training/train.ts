import { Failure } from '../failure.ts';
import { openStableDiffusion, type StableDiffusion } from '../families/stable-diffusion/open-model.ts';
import { makeFolder } from '../files/atomic-file.ts';
import type { JobContext, TrainJob, TrainResult } from '../jobs.ts';
import { chooseRuntime } from '../runtime/providers.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { baseIdentity } from './base-identity.ts';
import { fullRecipe } from './recipes/full.ts';
import { loraRecipe } from './recipes/lora.ts';
import { scratchRecipe } from './recipes/scratch.ts';
import { textRecipe } from './recipes/text.ts';
import { vaeRecipe } from './recipes/vae.ts';
import { jobFingerprint } from './run-state.ts';
import { findPosition, type Recipe, trainingLoop, trainResult } from './training-loop.ts';

/** Trains, or trains on from the run's newest state. Resolves at the last epoch or at the step a stop fell on. */
export async function train(job: TrainJob, context: JobContext): Promise<TrainResult> {
  if (job.images.length === 0) {
    throw new Failure('no-images', 'There is no image to train on.', 'Add images to the data set.');
  }
  await makeFolder(job.folder);
  const model = await openStableDiffusion({ base: job.base });
  try {
    const runtime = await chooseRuntime(job.device);
    context.emit({ type: 'note', message: runtime.description });
    try {
      return await trainOn(runtime, model, job, context);
    } finally {
      await runtime.dispose();
    }
  } finally {
    await model.close();
  }
}

async function trainOn(
  runtime: Runtime,
  model: StableDiffusion,
  job: TrainJob,
  context: JobContext,
): Promise<TrainResult> {
  const identity = { fingerprint: jobFingerprint(job), base: await baseIdentity(model, job.method) };
  // Before hours may go into encoding: a state that cannot be resumed is refused now.
  const position = await findPosition(job, identity);
  try {
    const recipe = await chooseRecipe(job, model, runtime, context);
    try {
      return await trainingLoop(job, identity, recipe, context);
    } finally {
      await recipe.dispose();
    }
  } catch (error) {
    // Stopped while encoding: nothing is half-done, and what was encoded is in the cache.
    if (context.stop.aborted && error === context.stop.reason) return trainResult('stopped', position);
    throw error;
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
      return scratchRecipe(options, method.textEncoder ?? true);
    case 'text':
      return textRecipe(options);
    case 'vae':
    case 'decoder':
      return vaeRecipe(options, method);
  }
}
