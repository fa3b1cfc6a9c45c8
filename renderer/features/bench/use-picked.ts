import { useState } from 'react';

import type { Sample } from '../../../electron/contract/gallery.ts';

export interface Picked {
  /** None, the first, or both, in the order they were picked. */
  readonly samples: readonly Sample[];
  /** Picks a finished picture, or lets go of it; a third one pushes the first out. */
  readonly pick: (sample: Sample) => void;
  readonly letGo: (sampleId: number) => void;
  readonly swap: () => void;
  readonly clear: () => void;
}

/** The two pictures that are to be judged against each other. */
export function usePicked(): Picked {
  const [samples, setSamples] = useState<readonly Sample[]>([]);
  const without = (now: readonly Sample[], sampleId: number) => now.filter(({ id }) => id !== sampleId);
  return {
    samples,
    pick: (sample) => {
      if (sample.status !== 'ready') return;
      setSamples((now) =>
        now.some(({ id }) => id === sample.id) ? without(now, sample.id) : [...now, sample].slice(-2),
      );
    },
    letGo: (sampleId) => {
      setSamples((now) => without(now, sampleId));
    },
    swap: () => {
      setSamples((now) => now.toReversed());
    },
    clear: () => {
      setSamples([]);
    },
  };
}
