import { useQueryClient } from '@tanstack/react-query';

import { type EpochLoss, lowestKept } from '../../electron/contract/learned.ts';
import type { RunSummary } from '../../electron/contract/runs.ts';
import { useStudio, useStudioQuery } from '../studio/studio.tsx';

type KeptRun = Pick<RunSummary, 'id' | 'checkpoints'>;

/** Of a run's kept epochs the one of the lowest held-out loss: undefined until that is known, null where nothing says. */
export function useLowestKept(run: KeptRun | undefined): EpochLoss | null | undefined {
  const enabled = run !== undefined && run.checkpoints.length > 1;
  const { data, error } = useStudioQuery('runs.metrics', { runId: run?.id ?? 1 }, { enabled });
  if (!enabled || error !== null) return null;
  return data === undefined ? undefined : lowestKept(data.epochs, run.checkpoints);
}

/** The same for a run that is chosen just now. */
export function useAskLowestKept(): (run: KeptRun) => Promise<EpochLoss | null> {
  const studio = useStudio();
  const queries = useQueryClient();
  return async ({ id, checkpoints }) => {
    if (checkpoints.length < 2) return null;
    const input = { runId: id };
    const queryKey = ['runs.metrics', input];
    return queries.query({ queryKey, queryFn: () => studio.call('runs.metrics', input) }).then(
      ({ epochs }) => lowestKept(epochs, checkpoints),
      // Then the last one is proposed, as where nothing was held out.
      () => null,
    );
  };
}
