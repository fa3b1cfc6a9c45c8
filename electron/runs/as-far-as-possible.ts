import type { Log } from '../library/library.ts';

/** Does something that may fail without consequence. Gives whether it was done. */
export type AsFarAsPossible = (act: () => void) => boolean;

const complainedEvery = 60_000;

/**
 * For what a run under way says of itself: a full disk under the database must not end the training, whose files are
 * written by the engine. The log has it, once a minute at most.
 */
export function createAsFarAsPossible(log: Log): AsFarAsPossible {
  let complainedAt = -Infinity;
  return (act) => {
    try {
      act();
      return true;
    } catch (error) {
      if (performance.now() - complainedAt < complainedEvery) return false;
      complainedAt = performance.now();
      log.error('what a run said could not be kept', error);
      return false;
    }
  };
}
