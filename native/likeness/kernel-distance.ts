import { distanceOf, type Features } from './nearest.ts';
import { type Figure, figureWithInterval } from './sureness.ts';

/** Fewer pictures, or fewer held-out images, say nothing of how far apart two kinds of pictures are. */
export const fewestCompared = 4;

/** (1 + cosine)³, as the kernel inception distance has it (Bińkowski et al. 2018), over features of length 1. */
const kernel = (a: Features, b: Features): number => (2 - distanceOf(a, b)) ** 3;

/**
 * The squared maximum mean discrepancy of pictures and real images, without bias: around 0 where they could be of one kind,
 * the more the further they are apart. It serves where there are too few images for a Fréchet distance. The interval is over
 * the pictures; null where there are too few.
 * @param atOnce how many pictures the interval is of, where those are fewer
 */
export function kernelDistance(
  pictures: readonly Features[],
  real: readonly Features[],
  atOnce = pictures.length,
): Figure | null {
  if (Math.min(pictures.length, atOnce) < fewestCompared || real.length < fewestCompared) return null;
  const among = pictures.map((a) => pictures.map((b) => kernel(a, b)));
  const across = pictures.map((a) => mean(real.map((b) => kernel(a, b))));
  let realSum = 0;
  for (const [i, a] of real.entries()) for (const b of real.slice(0, i)) realSum += 2 * kernel(a, b);
  const realMean = realSum / (real.length * (real.length - 1));
  const figureOf = (indices: readonly number[]): number | null => {
    let [sum, pairs] = [0, 0];
    for (const i of indices)
      for (const j of indices) {
        // One that was drawn twice is not like itself by any merit.
        if (i === j) continue;
        sum += among[i]![j]!;
        pairs += 1;
      }
    return pairs === 0 ? null : sum / pairs + realMean - 2 * mean(indices.map((i) => across[i]!));
  };
  return figureWithInterval(pictures.length, figureOf, atOnce);
}

/** More training images than this tell no more of how far they are from those held out. */
const mostReal = 500;

export interface RealDistance {
  readonly distance: Figure;
  /** Training images that were compared. */
  readonly images: number;
  /** How many of them at a time the interval is of. */
  readonly atOnce: number;
}

/**
 * What `kernelDistance` says of training images in place of pictures: pictures that cannot be told from real ones come no
 * nearer. Without bias, the distance itself does not depend on how many there are; how much it sways does, so that the interval
 * is of as many as there are pictures, or of all where those are fewer. Null where there are too few.
 */
export function realDistance(
  training: readonly Features[],
  real: readonly Features[],
  pictures: number,
): RealDistance | null {
  const images = Math.min(training.length, mostReal);
  const taken = Array.from(
    { length: images },
    (_, at) => training[Math.floor((at * training.length) / images)]!,
  );
  const atOnce = Math.min(images, pictures);
  const distance = kernelDistance(taken, real, atOnce);
  return distance === null ? null : { distance, images, atOnce };
}

/**
 * How well prompts are followed, for pictures that were made of the captions of held-out images: the share of the other
 * held-out images that are further from the picture than the right one. 1: the right one is always nearest; 0.5: chance.
 * @param right the place among `real` of the image whose caption each picture was made of
 */
export function captionRank(
  pictures: readonly { readonly features: Features; readonly right: number }[],
  real: readonly Features[],
): Figure | null {
  if (pictures.length === 0 || real.length < fewestCompared) return null;
  const shares = pictures.map(({ features, right }) => {
    const distances = real.map((image) => distanceOf(features, image));
    const own = distances[right]!;
    const further = distances.reduce(
      (sum, distance, at) => sum + (at === right ? 0 : distance > own ? 1 : distance === own ? 0.5 : 0),
      0,
    );
    return further / (real.length - 1);
  });
  return figureWithInterval(shares.length, (indices) => mean(indices.map((i) => shares[i]!)));
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;
