import { showFailure } from '../../../studio/failure.ts';
import { useStudioCommand } from '../../../studio/studio.tsx';

export interface Marking {
  readonly exclude: (imageIds: readonly number[], excluded: boolean) => void;
  readonly holdOut: (imageIds: readonly number[], heldOut: boolean) => void;
  readonly busy: boolean;
}

/** Takes images out of training, wholly or to validate with; all of it can be undone. */
export function useMarking(): Marking {
  const exclude = useStudioCommand('datasets.exclude');
  const holdOut = useStudioCommand('datasets.holdOut');
  return {
    exclude: (imageIds, excluded) => {
      if (imageIds.length > 0)
        exclude.mutate({ imageIds: [...imageIds], excluded }, { onError: showFailure });
    },
    holdOut: (imageIds, heldOut) => {
      if (imageIds.length > 0) holdOut.mutate({ imageIds: [...imageIds], heldOut }, { onError: showFailure });
    },
    busy: exclude.isPending || holdOut.isPending,
  };
}
