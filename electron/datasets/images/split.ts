import { createHash } from 'node:crypto';

import { Failure } from '../../../native/failure.ts';
import { type MetadataRecord, textsOf } from '../files/metadata-rows.ts';

/** Which images are held out from training. */
export type ValidationChoice =
  | { readonly kind: 'none' }
  | { readonly kind: 'count'; readonly count: number; readonly seed?: number }
  | { readonly kind: 'fraction'; readonly fraction: number; readonly seed?: number }
  | { readonly kind: 'ids'; readonly ids: readonly string[] }
  /** Those whose metadata column `split` says so, as `validation`, `test` or `held-out`. */
  | { readonly kind: 'marked' };

export interface Split<T> {
  readonly training: readonly T[];
  readonly validation: readonly T[];
}

interface Splittable {
  readonly id: string;
  readonly metadata: MetadataRecord;
}

const validationNames = new Set(['validation', 'valid', 'val', 'dev', 'test', 'held-out', 'heldout']);

/**
 * Splits images into those to train on and those to validate with, in their own order. Each image's place depends on its
 * id and the seed alone, so the split is the same on every machine and images added later move none (by `fraction`) or
 * at most as many as were added (by `count`) of those there before.
 * @throws Failure `split-invalid`: nothing would be left to train on, a fraction outside [0, 1), an id that is not there
 */
export function splitDataset<T extends Splittable>(images: readonly T[], choice: ValidationChoice): Split<T> {
  const held = chosenToHoldOut(images, choice);
  const split = {
    training: images.filter((image) => !held.has(image.id)),
    validation: images.filter((image) => held.has(image.id)),
  };
  if (split.training.length === 0) {
    throw invalid(
      images.length === 1
        ? 'The only image would be held out and none left to train on'
        : `All ${images.length} images would be held out and none left to train on`,
    );
  }
  return split;
}

/**
 * Ids of the images that a choice holds out, be it all of them.
 * @throws Failure `split-invalid`: a fraction outside [0, 1), an id that is not there
 */
export function chosenToHoldOut(
  images: readonly Splittable[],
  choice: ValidationChoice,
): ReadonlySet<string> {
  switch (choice.kind) {
    case 'none':
      return new Set();
    case 'marked':
      return new Set(images.filter(({ metadata }) => isMarkedValidation(metadata)).map(({ id }) => id));
    case 'ids': {
      const known = new Set(images.map(({ id }) => id));
      const unknown = choice.ids.filter((id) => !known.has(id));
      if (unknown.length > 0) throw invalid(`The data set has no image ${unknown.slice(0, 3).join(', ')}`);
      return new Set(choice.ids);
    }
    case 'count': {
      if (!Number.isInteger(choice.count) || choice.count < 0) {
        throw invalid(`${choice.count} is not a number of images`);
      }
      return new Set(byChance(images, choice.seed).slice(0, choice.count));
    }
    case 'fraction': {
      if (!(choice.fraction >= 0 && choice.fraction < 1)) {
        throw invalid(`${choice.fraction} is not a fraction between 0 and 1`);
      }
      if (choice.fraction === 0) return new Set();
      const ids = byChance(images, choice.seed);
      const chosen = ids.filter((id) => chance(id, choice.seed) < choice.fraction);
      // A small set could end up with none, or nothing but.
      return new Set(chosen.length === 0 ? ids.slice(0, 1) : chosen.slice(0, Math.max(1, ids.length - 1)));
    }
  }
}

/** Whether an image's own metadata holds it out. */
export function isMarkedValidation(metadata: MetadataRecord): boolean {
  return validationNames.has(textsOf(metadata.split)[0]?.toLowerCase() ?? '');
}

function byChance(images: readonly Splittable[], seed: number | undefined): readonly string[] {
  return images
    .map(({ id }) => ({ id, order: chance(id, seed) }))
    .sort((a, b) => a.order - b.order || (a.id < b.id ? -1 : 1))
    .map(({ id }) => id);
}

/** Uniform in [0, 1), from the id and the seed. */
function chance(id: string, seed = 0): number {
  return createHash('sha256').update(`${seed}\n${id}`).digest().readUIntBE(0, 6) / 2 ** 48;
}

function invalid(message: string): Failure {
  return new Failure(
    'split-invalid',
    message,
    'Hold out fewer images: a number below that of the images, a fraction such as 0.1, or ids of images.',
  );
}
