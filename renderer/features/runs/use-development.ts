import { useQueryClient } from '@tanstack/react-query';

import type { Comparison } from '../../../electron/contract/gallery.ts';
import type { RunDetail } from '../../../electron/contract/runs.ts';
import { useStudioEvent, useStudioQuery } from '../../studio/studio.tsx';
import { type Development, development, withSample } from './development.ts';
import { hasEnded } from './run-status.ts';

/** A run's pictures, picture by picture as they come; undefined until it is known which there are. */
export function useDevelopment(run: RunDetail): Development | undefined {
  const queries = useQueryClient();
  const input = { runIds: [run.id] };
  const { data } = useStudioQuery('gallery.comparison', input, { keepPrevious: true });
  useStudioEvent('gallery.sample', (sample) => {
    if (sample.runId !== run.id) return;
    queries.setQueryData<Comparison>(
      ['gallery.comparison', input],
      (comparison) => comparison && withSample(comparison, sample),
    );
  });
  // One that ended before its last epoch gets no more of them.
  const planned = hasEnded(run.status) ? [] : run.plan.checkpoints;
  return data && development(run, planned, data);
}
