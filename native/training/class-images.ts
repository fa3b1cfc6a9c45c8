import { readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';

import { classImagesName } from '../facts/run-folder.ts';
import { Failure } from '../failure.ts';
import type { OpenModel } from '../families/family.ts';
import { makeFolder, writeFileAtomic } from '../files/atomic-file.ts';
import { checkImage, type ImageSize } from '../images/decode.ts';
import type { ClassPictures, GenerateJob, JobContext, Picture, TrainingImage, TrainJob } from '../jobs.ts';
import { contentKey } from './encoding.ts';

/** Makes the pictures of a job, each written as soon as it is there; a stop ends it early. */
export type PictureMaker = (job: GenerateJob, context: JobContext) => Promise<unknown>;

/** Pictures of a class made at once. */
const batchSize = 4;

/**
 * The job with its class images there: those that a run asks the base for are made before it is trained, and kept in the
 * cache under a key of the base's weights, the words and all settings. So a run that was stopped in between, or another
 * one that asks for the same, makes those alone that are missing.
 *
 * @throws the reason of the stop where one is wanted, and what making pictures throws
 */
export async function withClassImages(
  job: TrainJob,
  model: OpenModel,
  make: PictureMaker,
  context: JobContext,
): Promise<TrainJob> {
  const { prior } = job;
  if (prior?.making === undefined) return job;
  const { making } = prior;
  const { stop } = context;
  const folder = join(job.cacheFolder, classImagesName);
  const base = await baseHash(model);
  const images = making.sizes.flatMap(({ width, height, count }) =>
    Array.from({ length: count }, (_, seed): TrainingImage & { readonly seed: number } => {
      const key = contentKey('class-images', base, ...Object.values(wordsOf(making)), width, height);
      const id = `${key.slice(0, 24)}/${String(seed).padStart(5, '0')}.png`;
      return { id, path: join(folder, id), captions: [making.prompt], width, height, seed };
    }),
  );
  const missing: Picture[] = [];
  for (const { path, seed, width, height } of images) {
    stop.throwIfAborted();
    if (await isThere(path, { width, height })) continue;
    missing.push({
      ...{ model: { base: job.base }, ...wordsOf(making), negativePrompt: '', seed },
      ...{ width, height, output: path },
    });
  }
  await makeMissing(missing, images.length, job, make, context);
  await tell(job, images);
  return { ...job, prior: { ...prior, images: images.map(({ seed: _seed, ...image }) => image) } };
}

/** What decides how a picture of given seed and size comes out. */
function wordsOf({ prompt, sampler, steps, guidanceScale, clipSkip = 1 }: ClassPictures) {
  return { prompt, sampler, steps, guidanceScale, ...(clipSkip > 1 && { clipSkip }) };
}

async function baseHash(model: OpenModel): Promise<string> {
  const names = [...model.components.keys()].sort();
  const hashes = await Promise.all(names.map((name) => model.component(name).hash()));
  return contentKey('base', JSON.stringify(model.noise.scheduler), ...hashes);
}

/** One that was damaged since is as good as not there: it comes out the same again. */
async function isThere(path: string, { width, height }: ImageSize): Promise<boolean> {
  try {
    const found = await checkImage(path);
    return found.width === width && found.height === height;
  } catch (error) {
    if (error instanceof Failure) return false;
    throw error;
  }
}

async function makeMissing(
  pictures: readonly Picture[],
  total: number,
  { device, settings: { precision } }: TrainJob,
  make: PictureMaker,
  { emit, stop }: JobContext,
): Promise<void> {
  if (pictures.length === 0) return;
  const there = total - pictures.length;
  const steps = pictures[0]!.steps;
  const tell = (done: number) => {
    emit({ type: 'progress', phase: 'making class images', done: there + done, total });
  };
  tell(0);
  await make(
    { kind: 'generate', pictures, batchSize, device, ...(precision && { precision }) },
    {
      stop,
      emit: (event) => {
        // Told by the picture: each has as many steps.
        if (event.type === 'progress') tell(Math.floor(event.done / steps));
      },
    },
  );
  stop.throwIfAborted();
}

/** For whoever shows the run: which files it is trained on beside its own images, from the cache's folder on. */
async function tell({ folder, cacheFolder }: TrainJob, images: readonly TrainingImage[]): Promise<void> {
  const files = images.map(({ path }) => relative(cacheFolder, path).replaceAll('\\', '/'));
  const text = `${JSON.stringify({ formatVersion: 1, files })}\n`;
  await makeFolder(folder);
  const path = join(folder, `${classImagesName}.json`);
  if ((await readFile(path, 'utf8').catch(() => null)) !== text) await writeFileAtomic(path, text);
}

/** @throws Failure `class-images-missing` where a batch would have none beside it */
export function checkClassImages({ images, prior }: TrainJob): void {
  if (!prior) return;
  const sizeOf = ({ width, height }: TrainingImage) => `${width}x${height}`;
  const there = new Set(prior.images.map(sizeOf));
  const bare = images.find((image) => !there.has(sizeOf(image)));
  if (!bare) return;
  throw new Failure(
    'class-images-missing',
    `There is no class image of ${bare.width} x ${bare.height} pixels to go with ${bare.id}.`,
    'Add class images of this size, or have them made.',
  );
}
