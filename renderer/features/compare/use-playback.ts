import { useReducedMotion } from '@mantine/hooks';
import { useEffect, useEffectEvent } from 'react';

import { pauseAfter, type PlaybackRate } from './playback.ts';

/** Calls `next` at the rate chosen while it plays; not at all where the system asks for less motion. */
export function usePlayback({
  playing,
  epoch,
  epochs,
  rate,
  next,
}: {
  readonly playing: boolean;
  readonly epoch: number;
  readonly epochs: readonly number[];
  readonly rate: PlaybackRate;
  readonly next: () => void;
}): void {
  const still = useReducedMotion();
  const onNext = useEffectEvent(next);
  const pause = pauseAfter(epoch, epochs, rate);
  useEffect(() => {
    if (!playing || still) return undefined;
    const timer = setTimeout(() => {
      onNext();
    }, pause);
    return () => {
      clearTimeout(timer);
    };
  }, [playing, still, epoch, pause]);
}
