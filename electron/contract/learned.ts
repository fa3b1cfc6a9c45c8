import { lossText } from './quantities.ts';
import type { RunMetrics } from './runs.ts';

/** What held-out images say of the epochs of a run. */
export interface Learned {
  /** The epoch of the lowest held-out loss; 0 where no epoch is below what it was before training. */
  readonly best: number;
  readonly loss: number;
  /** Held-out loss before the first step; null in runs from before it was measured. */
  readonly before: number | null;
  /** The lowest of those that were trained: the best, unless that is 0. */
  readonly least: EpochLoss;
  /** Whether the loss before training is above the lowest by no more than one standard error. */
  readonly mayBeChance: boolean;
  /**
   * Epochs around the best whose held-out loss is above the lowest by no more than one standard error of that difference, image
   * by image; null where that is not known, or training has not helped.
   */
  readonly range: { readonly from: number; readonly to: number } | null;
  /** By epoch, the standard error of how far its held-out loss is from the best's; epochs of which that is not known are left out. */
  readonly errors: ReadonlyMap<number, number>;
  /** The checkpoint whose loss comes nearest to the least; null where that is one itself, or nothing is kept. */
  readonly nearestKept: EpochLoss | null;
  /** Whether since the best epoch only the loss of trained images has fallen. */
  readonly byHeart: boolean;
  readonly newest: number;
}

export interface EpochLoss {
  readonly epoch: number;
  readonly loss: number;
}

/**
 * Null where fewer than two epochs have a held-out loss, for there is nothing to choose from yet.
 * @param kept epochs with a checkpoint
 */
export function whatWasLearned(
  epochs: readonly RunMetrics['epochs'][number][],
  kept: readonly number[],
): Learned | null {
  const judged = epochs.flatMap(({ epoch, validationLoss, seenLoss = null, validationParts = null }) =>
    validationLoss === null ? [] : [{ epoch, loss: validationLoss, seen: seenLoss, parts: validationParts }],
  );
  const trained = judged.filter(({ epoch }) => epoch > 0);
  if (judged.length < 2 || trained.length === 0) return null;
  const before = judged.find(({ epoch }) => epoch === 0) ?? null;
  const least = lowest(trained)!;
  const best = before !== null && before.loss <= least.loss ? before : least;
  const newest = trained.at(-1)!;
  const nearest = kept.includes(least.epoch)
    ? null
    : lowest(trained.filter(({ epoch }) => kept.includes(epoch)));
  return {
    best: best.epoch,
    loss: best.loss,
    before: before?.loss ?? null,
    least: epochLoss(least),
    mayBeChance: before !== null && before !== best && isAsGood(before, best),
    range: best === before || best.parts === null ? null : rangeAround(trained, trained.indexOf(best)),
    errors: errorsAround(judged, best),
    nearestKept: nearest === null ? null : epochLoss(nearest),
    byHeart: isByHeart(best, newest),
    newest: newest.epoch,
  };
}

/** Of the kept epochs the one of the lowest held-out loss; null where fewer than two of them were judged. */
export function lowestKept(
  epochs: readonly RunMetrics['epochs'][number][],
  kept: readonly number[],
): EpochLoss | null {
  const judged = epochs.flatMap(({ epoch, validationLoss: loss }) =>
    loss === null || !kept.includes(epoch) ? [] : [{ epoch, loss }],
  );
  return judged.length < 2 ? null : lowest(judged);
}

/** Stands beside a choice of epochs, whichever is chosen. */
export function lowestKeptText({ epoch, loss }: EpochLoss): string {
  return `Of the epochs kept, ${epoch} has the lowest held-out loss (${lossText(loss)}).`;
}

interface Judged extends EpochLoss {
  readonly seen: number | null;
  readonly parts: readonly number[] | null;
}

const epochLoss = ({ epoch, loss }: Judged): EpochLoss => ({ epoch, loss });

/** Null where there is none; of the same ones the first. */
function lowest<T extends EpochLoss>(of: readonly T[]): T | null {
  return of.reduce<T | null>((least, one) => (least === null || one.loss < least.loss ? one : least), null);
}

/** How much less the loss of trained images is than that of held-out ones tells what is learned by heart. */
function isByHeart(best: Judged, newest: Judged): boolean {
  if (best.seen === null || newest.seen === null || newest.seen >= best.seen) return false;
  const [then, now] = [best.loss - best.seen, newest.loss - newest.seen];
  return now > 1.25 * Math.max(then, 0) && now > 0;
}

function rangeAround(judged: readonly Judged[], at: number): { readonly from: number; readonly to: number } {
  const best = judged[at]!;
  let [first, last] = [at, at];
  while (first > 0 && isAsGood(judged[first - 1]!, best)) first -= 1;
  while (last + 1 < judged.length && isAsGood(judged[last + 1]!, best)) last += 1;
  return { from: judged[first]!.epoch, to: judged[last]!.epoch };
}

function isAsGood(one: Judged, best: Judged): boolean {
  const error = errorOfDifference(one, best);
  return error !== null && one.loss - best.loss <= error;
}

/**
 * The noise is the same at every epoch, so that it is the differences, image by image, that say how sure the better one is. Null
 * where single images are not known, or there is one.
 */
function errorOfDifference({ loss, parts }: Judged, best: Judged): number | null {
  const count = best.parts?.length ?? 0;
  if (parts === null || best.parts === null || parts.length !== count || count < 2) return null;
  const mean = loss - best.loss;
  const squares = parts.reduce((sum, part, at) => sum + ((part - best.parts![at]!) * count - mean) ** 2, 0);
  return Math.sqrt(squares / (count * (count - 1)));
}

function errorsAround(judged: readonly Judged[], best: Judged): ReadonlyMap<number, number> {
  return new Map(
    judged.flatMap((one) => {
      const error = errorOfDifference(one, best);
      return error === null ? [] : [[one.epoch, error] as const];
    }),
  );
}

/** In words, for a person who has to choose an epoch; nothing is chosen for them. */
export function learnedText(learned: Learned): string {
  const { best, newest, byHeart, nearestKept, least, range } = learned;
  const slowed = range !== null && range.from < newest;
  return [
    whereText(learned),
    ...(newest === best
      ? [`Epoch ${best} is the newest: the loss was ${slowed ? 'hardly falling any more' : 'still falling'}.`]
      : []),
    ...(newest !== best && byHeart
      ? [
          `After ${best === 0 ? 'that' : `epoch ${best}`} only training images still improve: the model is learning them by heart.`,
        ]
      : []),
    ...(nearestKept === null ? [] : [`Epoch ${least.epoch} was not kept. ${lowestKeptText(nearestKept)}`]),
  ].join(' ');
}

function whereText({ best, loss, before, least, range, mayBeChance }: Learned): string {
  if (best === 0) {
    return `Held-out loss was lowest before training (${lossText(loss)}): by this measure training has not helped. The lowest since is ${lossText(least.loss)} at epoch ${least.epoch}.`;
  }
  const asGood =
    range === null || range.from === range.to
      ? ''
      : ` Epochs ${range.from} to ${range.to} are as good, within one standard error.`;
  if (before === null) return `Held-out loss is lowest at epoch ${best}.${asGood}`;
  const chance = mayBeChance
    ? ' The gain over the base is within one standard error, too: it may be chance.'
    : '';
  return `Held-out loss fell from ${lossText(before)} before training to ${lossText(loss)} at epoch ${best}, its lowest.${asGood}${chance}`;
}
