import type { RunMetrics } from '../../electron/contract/runs.ts';

/** What held-out images say of the epochs of a run. */
export interface Learned {
  /** The epoch of the lowest held-out loss. */
  readonly best: number;
  readonly loss: number;
  /**
   * Epochs around it whose held-out loss is above the lowest by no more than one standard error of that difference, image by
   * image; null where that is not known.
   */
  readonly range: { readonly from: number; readonly to: number } | null;
  /**
   * How much less the loss of trained images is than that of held-out ones, at the best epoch and at the newest; null where
   * it was not measured.
   */
  readonly gap: { readonly best: number; readonly newest: number } | null;
  readonly newest: number;
}

/** Null where fewer than two epochs have a held-out loss, for there is nothing to choose from yet. */
export function whatWasLearned(epochs: RunMetrics['epochs']): Learned | null {
  const judged = epochs.flatMap(({ epoch, validationLoss, seenLoss = null, validationParts = null }) =>
    validationLoss === null ? [] : [{ epoch, held: validationLoss, seen: seenLoss, parts: validationParts }],
  );
  if (judged.length < 2) return null;
  const at = judged.reduce((best, { held }, index) => (held < judged[best]!.held ? index : best), 0);
  const best = judged[at]!;
  const newest = judged.at(-1)!;
  const gapOf = ({ held, seen }: (typeof judged)[number]) => (seen === null ? null : held - seen);
  const [bestGap, newestGap] = [gapOf(best), gapOf(newest)];
  return {
    best: best.epoch,
    loss: best.held,
    range: best.parts === null ? null : rangeAround(judged, at),
    gap: bestGap === null || newestGap === null ? null : { best: bestGap, newest: newestGap },
    newest: newest.epoch,
  };
}

interface Judged {
  readonly epoch: number;
  readonly held: number;
  readonly parts: readonly number[] | null;
}

function rangeAround(judged: readonly Judged[], at: number): { readonly from: number; readonly to: number } {
  const best = judged[at]!;
  let [first, last] = [at, at];
  while (first > 0 && isAsGood(judged[first - 1]!, best)) first -= 1;
  while (last + 1 < judged.length && isAsGood(judged[last + 1]!, best)) last += 1;
  return { from: judged[first]!.epoch, to: judged[last]!.epoch };
}

/** The noise is the same at every epoch, so that it is the differences that say how sure the better one is. */
function isAsGood({ held, parts }: Judged, best: Judged): boolean {
  const count = best.parts?.length ?? 0;
  if (parts === null || best.parts === null || parts.length !== count || count < 2) return false;
  const mean = held - best.held;
  const squares = parts.reduce((sum, part, at) => sum + ((part - best.parts![at]!) * count - mean) ** 2, 0);
  return mean <= Math.sqrt(squares / (count * (count - 1)));
}

/** In words, for a person who has to choose an epoch; nothing is chosen for them. */
export function learnedText({ best, range, gap, newest }: Learned): string {
  const where =
    range === null || range.from === range.to
      ? `Held-out loss is lowest at epoch ${best}.`
      : `Held-out loss is lowest at epoch ${best}; epochs ${range.from} to ${range.to} are as good, within one standard error.`;
  if (newest === best) return `${where} That is the newest: it was still falling.`;
  const grown = gap !== null && gap.newest > 1.25 * Math.max(gap.best, 0) && gap.newest > 0;
  return grown
    ? `${where} Since then the model has only got better on images it was trained on: it is learning them by heart.`
    : where;
}
