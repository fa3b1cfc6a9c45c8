import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';

import { z } from 'zod';

import { writeFileAtomic } from '../../native/files/atomic-file.ts';
import type { LikenessJob, LikenessResult } from '../../native/jobs.ts';
import type { Run } from '../runs/run-folder.ts';
import { promptOfCaption } from '../runs/run-prompts.ts';
import type { SampleRecord } from './sample-records.ts';

const known = z.object({ value: z.number(), low: z.number(), high: z.number() });
const figure = known.nullable();
// Version 1 had no distance of real images: it is made again.
const formatVersion = 2;
const fileSchema = z.object({
  formatVersion: z.literal(formatVersion),
  of: z.string(),
  limit: z.number(),
  real: z.object({ distance: known, images: z.int(), atOnce: z.int() }).nullable(),
  epochs: z.array(
    z.object({ epoch: z.int(), pictures: z.int(), copies: z.int(), distance: figure, rank: figure }),
  ),
  pictures: z.array(
    z.object({
      file: z.string(),
      image: z.string(),
      distance: z.number(),
      control: z.number().nullable(),
      copy: z.boolean(),
    }),
  ),
});

/** What was found of a run's pictures, as it lies in the run's folder. */
export type LikenessFile = z.output<typeof fileSchema>;

const pathOf = ({ folder }: Pick<Run, 'folder'>) => join(folder, 'likeness.json');

/** What the file calls a picture: its place in the run's folder, which may be moved. */
export const nameInRun = ({ folder }: Pick<Run, 'folder'>, { file }: Pick<SampleRecord, 'file'>) =>
  relative(folder, file).replaceAll('\\', '/');

/** Null where nothing was compared yet, or what lies there cannot be read: it is made again. */
export async function readLikeness(run: Pick<Run, 'folder'>): Promise<LikenessFile | null> {
  try {
    return fileSchema.parse(JSON.parse(await readFile(pathOf(run), 'utf8')));
  } catch {
    return null;
  }
}

/** Stands for pictures as they are: another one where one came, went or was made anew. */
export async function stampOf(run: Run, samples: readonly SampleRecord[]): Promise<string> {
  const hash = createHash('sha256');
  for (const sample of samples) {
    const found = await stat(sample.file).catch(() => null);
    hash.update(JSON.stringify([nameInRun(run, sample), found?.size, found?.mtimeMs]));
  }
  return hash.digest('hex');
}

/** What is compared: the pictures with all that the run was trained on and that was held out. */
export function likenessJob(
  { job: { images, validation } }: Run,
  samples: readonly SampleRecord[],
  places: Pick<LikenessJob, 'weights' | 'cacheFolder'>,
): LikenessJob {
  const inItsSize = ({ path, width, height }: Run['job']['images'][number]) => ({ path, width, height });
  const placeOf = new Map(
    [...validation.entries()]
      .reverse()
      .flatMap(([at, { captions }]) =>
        captions.flatMap((text) => [text, promptOfCaption(text)]).map((text) => [text, at]),
      ),
  );
  return {
    kind: 'likeness',
    ...places,
    training: images.map(inItsSize),
    heldOut: validation.map(inItsSize),
    pictures: samples.map(({ file, epoch, prompt, negativePrompt, seed, recipe }) => ({
      path: file,
      width: recipe.width,
      height: recipe.height,
      epoch: epoch ?? 0,
      made: JSON.stringify([prompt, negativePrompt, seed]),
      heldOut: placeOf.get(prompt) ?? null,
    })),
    // A small network: it does not take a graphics card from who needs it.
    device: { provider: 'cpu' },
  };
}

export async function writeLikeness(
  run: Run,
  of: string,
  samples: readonly SampleRecord[],
  { limit, real, pictures, epochs }: LikenessResult,
): Promise<void> {
  const copiesOf = (epoch: number) =>
    pictures.filter((picture, at) => picture?.copy === true && samples[at]!.epoch === epoch).length;
  const content: LikenessFile = {
    ...{ formatVersion, of, limit, real },
    epochs: epochs.map((entry) => ({
      ...entry,
      pictures: pictures.filter((picture, at) => picture !== null && samples[at]!.epoch === entry.epoch)
        .length,
      copies: copiesOf(entry.epoch),
    })),
    pictures: pictures.flatMap((picture, at) => {
      if (picture === null) return [];
      const { image, ...rest } = picture;
      return [{ file: nameInRun(run, samples[at]!), image: run.job.images[image]!.id, ...rest }];
    }),
  };
  await writeFileAtomic(pathOf(run), `${JSON.stringify(content)}\n`);
}
