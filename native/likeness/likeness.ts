import { basename } from 'node:path';

import { Failure } from '../failure.ts';
import type { ComparedImage, JobContext, LikenessJob, LikenessResult } from '../jobs.ts';
import { chooseRuntime } from '../runtime/providers.ts';
import { openBlobCache } from '../training/blob-cache.ts';
import { captionRank, kernelDistance, realDistance } from './kernel-distance.ts';
import { copyDistance, type Features, isLikelyCopy, nearestOf } from './nearest.ts';
import { openPictureFeatures } from './picture-features.ts';

/** Everything is on disk besides. */
const cacheMemory = 64 << 20;

/**
 * Compares the pictures of a run with the images it was trained on and with those held out. What a picture's features are is
 * kept by its content: broken off, or with more pictures, it goes on where it was.
 * @throws Failure `compared-images-unreadable`: without all the images nothing can be said of copies.
 */
export async function compareLikeness(job: LikenessJob, context: JobContext): Promise<LikenessResult> {
  const runtime = await chooseRuntime(job.device);
  const features = openPictureFeatures(job.weights, runtime, openBlobCache(job.cacheFolder, cacheMemory));
  const total = job.training.length + job.heldOut.length + job.pictures.length;
  let done = 0;
  const featuresOf = async (images: readonly ComparedImage[]): Promise<(Features | null)[]> => {
    const found: (Features | null)[] = [];
    for (const image of images) {
      context.stop.throwIfAborted();
      found.push(await features.of(image));
      context.emit({ type: 'progress', phase: 'comparing pictures', done: ++done, total });
    }
    return found;
  };
  try {
    const training = allRead('training', job.training, await featuresOf(job.training));
    const heldOut = allRead('held-out', job.heldOut, await featuresOf(job.heldOut));
    const pictures = await featuresOf(job.pictures);
    const limit = copyDistance(training);
    const read = job.pictures.filter((_, at) => pictures[at] !== null);
    const byEpoch = Map.groupBy(read, ({ epoch }) => epoch);
    const most = Math.max(0, ...[...byEpoch.values()].map(({ length }) => length));
    return {
      kind: 'likeness',
      limit,
      real: realDistance(training, heldOut, most),
      pictures: comparedPictures(job, pictures, training, limit),
      epochs: comparedEpochs(job, pictures, heldOut),
    };
  } finally {
    await features.dispose();
    await runtime.dispose();
  }
}

function allRead(
  kind: 'training' | 'held-out',
  images: readonly ComparedImage[],
  features: readonly (Features | null)[],
): readonly Features[] {
  const read = features.filter((of) => of !== null);
  if (read.length === images.length) return read;
  const missing = images.length - read.length;
  const first = basename(images[features.indexOf(null)]!.path);
  throw new Failure(
    'compared-images-unreadable',
    `${missing} of ${images.length} ${kind} ${images.length === 1 ? 'image' : 'images'} cannot be read: ${first}${missing > 1 ? ' and others' : ''}.`,
    'Put them back, or connect their drive. Then open Compare again.',
  );
}

function comparedPictures(
  { pictures }: LikenessJob,
  features: readonly (Features | null)[],
  training: readonly Features[],
  limit: number,
): LikenessResult['pictures'] {
  const nearest = features.map((of) => (of === null ? null : nearestOf(of, training)));
  const controls = new Map(
    pictures.flatMap(({ epoch, made }, index) =>
      epoch === 0 ? [[made, nearest[index]?.distance ?? null] as const] : [],
    ),
  );
  return pictures.map(({ epoch, made }, index) => {
    const found = nearest[index] ?? null;
    const control = controls.get(made) ?? null;
    if (found === null) return null;
    // What the base makes it has not learned from these images.
    const copy = epoch > 0 && isLikelyCopy(found.distance, control, limit);
    return { image: found.index, distance: found.distance, control, copy };
  });
}

function comparedEpochs(
  { pictures }: LikenessJob,
  features: readonly (Features | null)[],
  real: readonly Features[],
): LikenessResult['epochs'] {
  const placeOf = new Map(real.map((one, place) => [one, place]));
  const byEpoch = Map.groupBy(
    pictures.flatMap(({ epoch, heldOut: right }, index) => {
      const of = features[index] ?? null;
      return of === null ? [] : [{ epoch, features: of, right: right === null ? null : real[right]! }];
    }),
    ({ epoch }) => epoch,
  );
  return [...byEpoch]
    .sort(([a], [b]) => a - b)
    .map(([epoch, members]) => ({
      epoch,
      distance: kernelDistance(
        members.map((member) => member.features),
        real,
      ),
      rank: captionRank(
        members.flatMap((member) => {
          const right = member.right === null ? undefined : placeOf.get(member.right);
          return right === undefined ? [] : [{ features: member.features, right }];
        }),
        real,
      ),
    }));
}
