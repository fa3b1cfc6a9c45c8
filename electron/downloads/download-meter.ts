/** How fast bytes come, over the last seconds, and how long the rest will take. */
export interface Pace {
  readonly bytesPerSecond: number | null;
  readonly secondsLeft: number | null;
}

const windowMs = 8000;
/** Before that it is a guess. */
const leastMs = 500;

/** @param now milliseconds of a clock that nobody sets */
export function createDownloadMeter(now: () => number = () => performance.now()) {
  let seen: readonly { readonly at: number; readonly done: number }[] = [];
  return (done: number, total: number | null): Pace => {
    const at = now();
    // Less than before: something was begun anew.
    const kept = seen.filter((entry) => at - entry.at <= windowMs && entry.done <= done);
    seen = [...(kept.length > 200 ? kept.filter((_, index) => index % 2 === 0) : kept), { at, done }];
    const first = seen[0]!;
    if (at - first.at < leastMs) return { bytesPerSecond: null, secondsLeft: null };
    const bytesPerSecond = (1000 * (done - first.done)) / (at - first.at);
    const left = total === null || bytesPerSecond <= 0 ? null : (total - done) / bytesPerSecond;
    return { bytesPerSecond, secondsLeft: left };
  };
}
