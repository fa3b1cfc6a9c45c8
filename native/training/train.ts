import { Failure } from '../failure.ts';
import type { OpenModel } from '../families/family.ts';
import { openModel } from '../families/open-model.ts';
import { makeFolder } from '../files/atomic-file.ts';
import type { JobContext, TrainJob, TrainResult } from '../jobs.ts';
import { chooseRuntime } from '../runtime/providers.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { baseIdentity } from './base-identity.ts';
import { type PictureMaker, withClassImages } from './class-images.ts';
import { checkFiles } from './known-files.ts';
import { modelToTrain } from './model-to-train.ts';
import { withCaptionsRead } from './read-captions.ts';
import { embeddingRecipe } from './recipes/embedding.ts';
import { fullRecipe } from './recipes/full.ts';
import { loraRecipe } from './recipes/lora.ts';
import { scratchRecipe } from './recipes/scratch.ts';
import { textRecipe } from './recipes/text.ts';
import { vaeRecipe } from './recipes/vae.ts';
import { jobFingerprint } from './run-state.ts';
import { findPosition, trainingLoop, trainResult } from './training-loop.ts';
import { withTrainingNoise } from './training-noise.ts';
import type { Recipe, RecipeOptions } from './training-task.ts';

/** Makes pictures on a runtime that is open. */
export type MakePictures = (runtime: Runtime, ...of: Parameters<PictureMaker>) => Promise<unknown>;

/** Trains, or trains on from the run's newest state. Resolves at the last epoch or at the step a stop fell on. */
export async function train(
  job: TrainJob,
  context: JobContext,
  makePictures: MakePictures,
): Promise<TrainResult> {
  if (job.images.length === 0) {
    throw new Failure('no-images', 'There is no image to train on.', 'Add images to the data set.');
  }
  await makeFolder(job.folder);
  const opened = await openModel(modelToTrain(job));
  try {
    const model = withCaptionsRead(opened, job.settings);
    const runtime = await chooseRuntime(job.device);
    const { provider, description, notes } = runtime;
    context.emit({ type: 'device', provider, notes });
    for (const message of [description, ...notes]) context.emit({ type: 'note', message });
    try {
      return await trainOn(runtime, model, job, context, makePictures);
    } finally {
      await runtime.dispose();
    }
  } finally {
    await opened.close();
  }
}

async function trainOn(
  runtime: Runtime,
  base: OpenModel,
  job: TrainJob,
  context: JobContext,
  makePictures: MakePictures,
): Promise<TrainResult> {
  const model = withTrainingNoise(base, job.settings);
  const recipe = chooseRecipe({ job, model, runtime, context });
  const identity = { fingerprint: jobFingerprint(job), base: await baseIdentity(model, recipe) };
  // Before hours may go into encoding: a state that cannot be resumed is refused now.
  const position = await findPosition(job, identity);
  try {
    await checkFiles(job, position.step > 0, context.stop);
    const make: PictureMaker = (pictures, told) => makePictures(runtime, pictures, told);
    const ready = await withClassImages(job, base, make, context);
    // A state has all that a LoRA has become of the one it began with, whose file may be gone by then.
    const begun = position.step === 0 ? ready : withoutBeginning(ready);
    const going = begun === job ? recipe : chooseRecipe({ job: begun, model, runtime, context });
    const task = await going.start();
    try {
      return await trainingLoop(ready, identity, task, context);
    } finally {
      await task.dispose();
    }
  } catch (error) {
    // Stopped while encoding: nothing is half-done, and what was encoded is in the cache.
    if (context.stop.aborted && error === context.stop.reason) return trainResult('stopped', position);
    throw error;
  }
}

function withoutBeginning(job: TrainJob): TrainJob {
  if (job.method.kind !== 'lora') return job;
  const { from: _from, ...method } = job.method;
  return { ...job, method };
}

/** What a job trains, and how. */
export function chooseRecipe(options: RecipeOptions): Recipe {
  const { method } = options.job;
  switch (method.kind) {
    case 'full':
      return fullRecipe(options);
    case 'lora':
      return loraRecipe(options, method);
    case 'embedding':
      return embeddingRecipe(options, method);
    case 'scratch':
      return scratchRecipe(options);
    case 'text':
      return textRecipe(options);
    case 'vae':
    case 'decoder':
      return vaeRecipe(options, method);
  }
}
