import { basename, dirname } from 'node:path';

import { modelNameOf } from '../facts/model-formats.ts';
import type { OpenModel } from '../families/family.ts';
import { openModel } from '../families/open-model.ts';
import { makeFolder } from '../files/atomic-file.ts';
import { formatParameters } from '../images/generation-parameters.ts';
import { writePng } from '../images/png.ts';
import type { GenerateJob, JobContext, JobResult, ModelReference, Picture } from '../jobs.ts';
import { precisionOn } from '../runtime/precision.ts';
import { chooseRuntime } from '../runtime/providers.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { readTogether } from './prompt-reader.ts';
import { createTextToImage, toRgb } from './text-to-image.ts';

/** A picture and its place among those asked for. */
interface Numbered {
  readonly picture: Picture;
  readonly index: number;
}

/**
 * Makes the pictures model by model, in batches of equal settings, each written as soon as it is there. Stopped, it
 * leaves the batch under way and resolves to what was made until then.
 */
export async function generate(job: GenerateJob, context: JobContext): Promise<JobResult> {
  const started = performance.now();
  const runtime = await chooseRuntime(job.device);
  for (const message of [runtime.description, ...runtime.notes]) context.emit({ type: 'note', message });
  try {
    const pictures = await generateOn(runtime, job, context);
    return { kind: 'generate', pictures, seconds: (performance.now() - started) / 1000 };
  } finally {
    await runtime.dispose();
  }
}

/** As `generate`, on a runtime that is open; resolves to how many were made. */
export async function generateOn(runtime: Runtime, job: GenerateJob, context: JobContext): Promise<number> {
  let made = 0;
  const onPicture = (index: number, output: string): void => {
    made += 1;
    context.emit({ type: 'picture', index, output });
  };
  const onSteps = countSteps(job, context);
  try {
    const all = job.pictures.map((picture, index): Numbered => ({ picture, index }));
    for (const ofModel of Map.groupBy(all, ({ picture }) => JSON.stringify(picture.model)).values()) {
      context.stop.throwIfAborted();
      const model = await openModel(ofModel[0]!.picture.model);
      const pipeline = createTextToImage(runtime, model, precisionOn(runtime, job.precision));
      try {
        for (const batch of batches(ofModel, job.batchSize, model)) {
          const requests = batch.map(({ picture }) => picture);
          const pictures = await pipeline.generate(requests, requests[0]!, onSteps(requests));
          for (const [i, { picture, index }] of batch.entries()) {
            await writePicture(picture, pictures[i]!);
            onPicture(index, picture.output);
          }
        }
      } finally {
        await pipeline.dispose();
        await model.close();
      }
    }
  } catch (error) {
    if (!context.stop.aborted || error !== context.stop.reason) throw error;
  }
  return made;
}

/** Tells of all pictures' steps as one measure, and ends the sampling between two of them when a stop is wanted. */
function countSteps(
  { pictures }: GenerateJob,
  { emit, stop }: JobContext,
): (batch: readonly Picture[]) => (done: number, ofBatch: number) => void {
  const total = pictures.reduce((sum, { steps }) => sum + steps, 0);
  let before = 0;
  return (batch) => {
    stop.throwIfAborted();
    const begun = before;
    const share = batch.length * batch[0]!.steps;
    before += share;
    return (done, ofBatch) => {
      // Some samplers call the model once more than they have steps.
      emit({
        type: 'progress',
        phase: 'sampling',
        done: begun + Math.floor((share * done) / ofBatch),
        total,
      });
      stop.throwIfAborted();
    };
  };
}

/** A picture is the same whatever it is made with: prompts of other lengths, which would be padded to the longest, go apart. */
function batches(
  pictures: readonly Numbered[],
  batchSize: number,
  { conditioning }: Pick<OpenModel, 'conditioning'>,
): Numbered[][] {
  const groups = Map.groupBy(pictures, ({ picture }) => {
    const { sampler, steps, guidanceScale, width, height, clipSkip = 1, prompt, negativePrompt } = picture;
    const { chunks } = readTogether(conditioning, guidanceScale > 1 ? [prompt, negativePrompt] : [prompt]);
    return JSON.stringify([sampler, steps, guidanceScale, width, height, clipSkip, chunks]);
  });
  return [...groups.values()].flatMap((members) =>
    Array.from({ length: Math.ceil(members.length / batchSize) }, (_, i) =>
      members.slice(i * batchSize, (i + 1) * batchSize),
    ),
  );
}

/** LoRAs laid over the model, for who looks into the picture: `{ LoRA: 'style 0.8, light 0.5' }`. */
function lorasField({ loras = [] }: ModelReference): Readonly<Record<string, string>> {
  if (loras.length === 0) return {};
  const named = loras.map(({ file, strength }) => `${modelNameOf(basename(file))} ${strength}`);
  return { LoRA: named.join(', ') };
}

/** New words' files, likewise. */
function embeddingsField({ embeddings = [] }: ModelReference): Readonly<Record<string, string>> {
  if (embeddings.length === 0) return {};
  return { Embeddings: embeddings.map(({ file }) => modelNameOf(basename(file))).join(', ') };
}

async function writePicture(picture: Picture, pixels: Float32Array): Promise<void> {
  const { model, output, width, height } = picture;
  const name = [model.base, ...(model.checkpoint === undefined ? [] : [model.checkpoint])].map((path) =>
    basename(path),
  );
  await makeFolder(dirname(output));
  await writePng(
    output,
    { width, height, rgb: toRgb(pixels) },
    {
      parameters: formatParameters(picture, name.join(' '), {
        ...lorasField(model),
        ...embeddingsField(model),
      }),
    },
  );
}
