import { useQueryClient } from '@tanstack/react-query';
import { useRef } from 'react';

import type { GpuLoad } from '../../../electron/contract/gpu.ts';
import type { RunDetail } from '../../../electron/contract/runs.ts';
import { useStudioEvent, useStudioQuery } from '../../studio/studio.tsx';
import { gpuOfRun } from './gpu-figures.ts';

/** Milliseconds between two askings of the driver. */
const interval = 3000;

/** How the GPU is that a run under way computes on; null where it computes on none of NVIDIA's. */
export function useGpuLoad(run: RunDetail, isLive: boolean): GpuLoad | null {
  const queries = useQueryClient();
  const asked = useRef(0);
  const { provider, gpu } = run.request;
  const { data: status } = useStudioQuery('gpu.status', {});
  const { gpus, pack } = status ?? { gpus: null, pack: null };
  const computes =
    (provider === null || provider === 'cuda') && (gpus?.length ?? 0) > 0 && pack?.fault === null;
  const enabled = isLive && computes;
  const { data } = useStudioQuery('gpu.load', {}, { enabled, keepPrevious: true });
  useStudioEvent('runs.progress', ({ runId }) => {
    if (!enabled || runId !== run.id || Date.now() - asked.current < interval) return;
    asked.current = Date.now();
    void queries.invalidateQueries({ queryKey: ['gpu.load', {}] });
  });
  return enabled && data !== undefined ? gpuOfRun(data, gpu) : null;
}
