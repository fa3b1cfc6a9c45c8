/** One piece of work at a time, in the order in which they were asked for. */
export interface Turns {
  /** Does the work once all that was asked for before is over, whether that went well or not. */
  readonly enter: <R>(work: () => Promise<R>) => Promise<R>;
  /** Whether any is under way, or waits. */
  readonly busy: () => boolean;
  /** Resolves once all that was asked for so far is over. */
  readonly idle: () => Promise<void>;
}

export function takingTurns(): Turns {
  let last: Promise<unknown> = Promise.resolve();
  let entered = 0;
  return {
    enter: async (work) => {
      const turn = last.then(work);
      last = turn.catch(() => undefined);
      entered++;
      try {
        return await turn;
      } finally {
        entered--;
      }
    },
    busy: () => entered > 0,
    idle: async () => {
      await last;
    },
  };
}
