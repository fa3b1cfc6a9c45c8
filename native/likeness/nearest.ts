/** Unit vectors of features; their distance is 1 minus the cosine between them, from 0 for the same to about 1. */
export type Features = Float32Array;

export function distanceOf(a: Features, b: Features): number {
  let product = 0;
  for (let i = 0; i < a.length; i++) product += a[i]! * b[i]!;
  return Math.max(0, 1 - product);
}

export interface Nearest {
  readonly index: number;
  readonly distance: number;
}

/** The one of `others` that is nearest; null where there are none. Missing ones are passed over, and so is `except`. */
export function nearestOf(
  features: Features,
  others: readonly (Features | null)[],
  except = -1,
): Nearest | null {
  let found: Nearest | null = null;
  for (const [index, other] of others.entries()) {
    if (other === null || index === except) continue;
    const distance = distanceOf(features, other);
    if (found === null || distance < found.distance) found = { index, distance };
  }
  return found;
}

/** Nearer than this two pictures show the same, whatever the data: JPEG at low quality, a flip or a crop stays within it. */
const surelySame = 0.05;
/** As many of a hundred training images are nearer than that to another one. */
const rarePercent = 5;
/** More training images than this tell no more of how far apart they are. */
const mostCompared = 1000;

/**
 * How near to a training image a picture has to be to be called a likely copy of it: as near as only 5 of 100 training images
 * are to another one of them, or as near as two versions of one picture are.
 */
export function copyDistance(training: readonly (Features | null)[]): number {
  const step = Math.max(1, Math.ceil(training.length / mostCompared));
  const spacings = training
    .flatMap((features, index) =>
      features === null || index % step !== 0 ? [] : (nearestOf(features, training, index)?.distance ?? []),
    )
    .sort((a, b) => a - b);
  const rare = spacings[Math.floor((rarePercent / 100) * spacings.length)] ?? 0;
  return Math.max(surelySame, rare);
}

/**
 * Whether a picture is a likely copy: as near to a training image as `limit`, and no more than half as far from it as the
 * picture that the untouched base makes of the same words and noise is from any.
 */
export function isLikelyCopy(distance: number, control: number | null, limit: number): boolean {
  return distance <= limit && (control === null || distance <= control / 2);
}
