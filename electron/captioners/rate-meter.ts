/** How fast images are captioned, over the last while: what loading took does not count. */
export interface RateMeter {
  readonly count: (images: number) => void;
  /** Images a second; null until that can be told. */
  readonly perSecond: () => number | null;
}

const remembered = 20;

export function createRateMeter(now: () => number): RateMeter {
  const marks: { readonly at: number; readonly images: number }[] = [];
  let images = 0;
  return {
    count: (more) => {
      images += more;
      marks.push({ at: now(), images });
      if (marks.length > remembered) marks.shift();
    },
    perSecond: () => {
      const [first, last] = [marks[0], marks.at(-1)];
      if (first === undefined || last === undefined || last.at <= first.at) return null;
      return (1000 * (last.images - first.images)) / (last.at - first.at);
    },
  };
}
