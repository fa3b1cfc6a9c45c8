import { type Dispatch, type SetStateAction, useState } from 'react';

import { showFailure } from '../../studio/failure.ts';
import { useStudioCommand } from '../../studio/studio.tsx';
import { type BenchDraft, randomSeed, seedsOf } from './bench-draft.ts';

export interface Making {
  readonly draft: BenchDraft;
  readonly setDraft: Dispatch<SetStateAction<BenchDraft>>;
  /** Asks for the pictures of the draft; of another seed each time where it is not kept. */
  readonly make: () => void;
  readonly busy: boolean;
}

/** What is set on the bench, and the asking for it. `onMade` is told the first of the new pictures. */
export function useMaking(first: BenchDraft, onMade: (sampleId: number | null) => void): Making {
  const [draft, setDraft] = useState(first);
  const generate = useStudioCommand('gallery.generate');
  return {
    draft,
    setDraft,
    busy: generate.isPending,
    make: () => {
      const { model } = draft;
      if (model === null || generate.isPending) return;
      const next = draft.seedLocked ? draft : { ...draft, seed: randomSeed(Math.random) };
      setDraft(next);
      const { prompt, negativePrompt, recipe } = next;
      const loras = [...next.loras];
      generate.mutate(
        { model, loras, prompt, negativePrompt, recipe, seeds: seedsOf(next) },
        {
          onSuccess: ({ sampleIds }) => {
            onMade(sampleIds[0] ?? null);
          },
          onError: showFailure,
        },
      );
    },
  };
}
