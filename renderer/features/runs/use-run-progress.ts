import { useQueryClient } from '@tanstack/react-query';
import { useRef } from 'react';

import type { RunMetrics, RunProgress } from '../../../electron/contract/runs.ts';
import { useStudioEvent, useStudioQuery } from '../../studio/studio.tsx';

/** What a run under way last said of itself; null where it is not under way. */
export function useRunProgress(runId: number | null): RunProgress | null {
  const queries = useQueryClient();
  const { data } = useStudioQuery('runs.progressNow', { runId: runId ?? 1 }, { enabled: runId !== null });
  useStudioEvent('runs.progress', (progress) => {
    if (progress.runId === runId) queries.setQueryData(['runs.progressNow', { runId }], progress);
  });
  return runId === null ? null : (data ?? null);
}

/** Milliseconds between two askings for a curve that grows. */
const curveInterval = 2000;

/** A run's curves, growing while it trains. */
export function useRunMetrics(runId: number): RunMetrics | undefined {
  const queries = useQueryClient();
  const asked = useRef(0);
  const { data } = useStudioQuery('runs.metrics', { runId }, { keepPrevious: true });
  const again = () => {
    asked.current = Date.now();
    void queries.invalidateQueries({ queryKey: ['runs.metrics', { runId }] });
  };
  useStudioEvent('runs.progress', (progress) => {
    if (progress.runId === runId && Date.now() - asked.current >= curveInterval) again();
  });
  useStudioEvent('runs.epoch', (epoch) => {
    if (epoch.runId !== runId) return;
    again();
    // Its ledger has the epoch's time by now, which stands beside the losses.
    void queries.invalidateQueries({ queryKey: ['runs.get', { runId }] });
  });
  return data;
}
