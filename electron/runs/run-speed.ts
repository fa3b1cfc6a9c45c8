/** How fast a run is, by its last steps and by the epochs it has gone through whole. Times are in milliseconds. */
export interface RunSpeed {
  readonly step: (step: {
    readonly at: number;
    readonly images: number;
    readonly seconds: number;
    readonly isFirstOfEpoch: boolean;
  }) => void;
  readonly epoch: (at: number) => void;
  /** An engine begins: what comes before its first step is no part of an epoch. */
  readonly begin: () => void;
  /** By the last steps; null before the first. */
  readonly imagesPerSecond: () => number | null;
  /** By whole epochs, validation and checkpoints included; null before the first. */
  readonly secondsPerImage: () => number | null;
}

/** Steps of this many milliseconds make up the rate that is shown. */
const rateWindow = 30_000;

/** @param imagesPerEpoch uses of images, repeats counted */
export function createRunSpeed(imagesPerEpoch: number): RunSpeed {
  const recent: { readonly at: number; readonly images: number; readonly seconds: number }[] = [];
  /** When the epoch under way began; null where this process did not see it begin. */
  let epochBegan: number | null = null;
  let measured: { readonly seconds: number; readonly images: number } | null = null;
  return {
    step: ({ at, images, seconds, isFirstOfEpoch }) => {
      if (isFirstOfEpoch) epochBegan = at - 1000 * seconds;
      recent.push({ at, images, seconds });
      while (recent.length > 3 && recent[0]!.at < at - rateWindow) recent.shift();
    },
    epoch: (at) => {
      if (epochBegan !== null) {
        measured = {
          seconds: (measured?.seconds ?? 0) + (at - epochBegan) / 1000,
          images: (measured?.images ?? 0) + imagesPerEpoch,
        };
      }
      epochBegan = at;
    },
    begin: () => {
      epochBegan = null;
      recent.length = 0;
    },
    imagesPerSecond: () => {
      const seconds = recent.reduce((sum, entry) => sum + entry.seconds, 0);
      return seconds > 0 ? recent.reduce((sum, entry) => sum + entry.images, 0) / seconds : null;
    },
    secondsPerImage: () => (measured === null ? null : measured.seconds / measured.images),
  };
}
