/** A clock for how long something took: nobody sets it, and it stands still while the machine sleeps. */
export interface AwakeClock {
  /** Milliseconds since whenever. */
  readonly now: () => number;
  readonly close: () => void;
}

/** How often it looks. A machine under load may keep it waiting several times as long; one that sleeps, far longer. */
const tick = 5000;
const longestGap = 6 * tick;

/**
 * Some systems' own clocks for this go on while the machine sleeps. So this one looks every few seconds, and a gap in
 * which it could not was no time of work: the processes that would have worked stood still as well.
 * @param steady milliseconds of a clock that nobody sets
 */
export function createAwakeClock(steady: () => number = () => performance.now()): AwakeClock {
  let [last, slept] = [steady(), 0];
  const now = () => {
    const at = steady();
    const gap = at - last;
    // What such a gap began with cannot be told from what it ended with; one tick of it is taken for work.
    if (gap > longestGap) slept += gap - tick;
    last = Math.max(last, at);
    return last - slept;
  };
  const timer = setInterval(now, tick).unref();
  return {
    now,
    close: () => {
      clearInterval(timer);
    },
  };
}
