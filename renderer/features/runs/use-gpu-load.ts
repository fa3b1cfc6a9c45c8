import { useQueryClient } from '@tanstack/react-query';
import { useRef } from 'react';

import type { GpuLoad } from '../../../electron/contract/gpu.ts';
import type { RunDetail, RunProgress } from '../../../electron/contract/runs.ts';
import { useStudioEvent, useStudioQuery } from '../../studio/studio.tsx';
import { gpuOfRun } from './gpu-figures.ts';

/** Milliseconds between two askings of the driver. */
const interval = 3000;

/** How the GPU is that a run under way computes on; null where it computes on none by CUDA. */
export function useGpuLoad(run: RunDetail, device: RunProgress['device']): GpuLoad | null {
  const queries = useQueryClient();
  const asked = useRef(0);
  const enabled = device?.provider === 'cuda';
  const { data } = useStudioQuery('gpu.load', {}, { enabled, keepPrevious: true });
  useStudioEvent('runs.progress', ({ runId }) => {
    if (!enabled || runId !== run.id || Date.now() - asked.current < interval) return;
    asked.current = Date.now();
    void queries.invalidateQueries({ queryKey: ['gpu.load', {}] });
  });
  return enabled && data !== undefined ? gpuOfRun(data, run.request.gpu) : null;
}
