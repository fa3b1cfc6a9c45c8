/** Tells how far a run is, a few times a second at most. */
export interface ProgressTeller {
  /** Something has changed. */
  readonly show: () => void;
  /** What was still to be told is not told any more. */
  readonly drop: () => void;
}

const every = 250;

export function createProgressTeller(tell: () => void): ProgressTeller {
  let shownAt = -Infinity;
  let later: NodeJS.Timeout | null = null;
  const say = () => {
    later = null;
    shownAt = performance.now();
    tell();
  };
  return {
    show: () => {
      if (later !== null) return;
      const wait = Math.max(0, shownAt + every - performance.now());
      if (wait === 0) say();
      else later = setTimeout(say, wait);
    },
    drop: () => {
      if (later !== null) clearTimeout(later);
      later = null;
    },
  };
}
