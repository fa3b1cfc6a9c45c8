/** Epochs per second. */
export const playbackRates = [1, 2, 4, 8] as const;
export type PlaybackRate = (typeof playbackRates)[number];

/** The last epoch is looked at longer than those on the way. */
const rest = 2.5;

/** Milliseconds until the next epoch is shown. */
export function pauseAfter(epoch: number, epochs: readonly number[], rate: PlaybackRate): number {
  return (1000 / rate) * (epoch === epochs.at(-1) ? rest : 1);
}
