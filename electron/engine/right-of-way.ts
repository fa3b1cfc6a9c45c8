/**
 * Who may compute where two engines would not fit side by side. Training holds the way for hours; whoever else needs it
 * asks, training stops at the end of its step, and goes on afterwards to the same bytes.
 */
export interface RightOfWay {
  /** Waits until nobody else has or wants the way. `giveWay` is aborted when somebody does. */
  readonly train: <T>(work: (giveWay: AbortSignal) => Promise<T>) => Promise<T>;
  /** Waits until training has given way; those who ask are served before training goes on. */
  readonly goFirst: <T>(work: () => Promise<T>) => Promise<T>;
}

export function createRightOfWay(): RightOfWay {
  let held = false;
  let training: AbortController | null = null;
  const first: (() => void)[] = [];
  const trainers: (() => void)[] = [];

  const take = async (line: (() => void)[], free: boolean): Promise<void> => {
    if (free) held = true;
    else
      await new Promise<void>((resolve) => {
        line.push(resolve);
      });
  };
  const handOver = () => {
    // Whoever is next holds it from now on, so that nobody slips in between.
    const next = first.shift() ?? trainers.shift();
    if (next === undefined) held = false;
    else next();
  };

  return {
    train: async (work) => {
      await take(trainers, !held && first.length === 0);
      const giveWay = new AbortController();
      training = giveWay;
      if (first.length > 0) giveWay.abort();
      try {
        return await work(giveWay.signal);
      } finally {
        training = null;
        handOver();
      }
    },
    goFirst: async (work) => {
      if (held) training?.abort();
      await take(first, !held);
      try {
        return await work();
      } finally {
        handOver();
      }
    },
  };
}
