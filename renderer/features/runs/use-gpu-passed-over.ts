import type { RunDetail, RunProgress } from '../../../electron/contract/runs.ts';
import { providerLabels } from '../../../electron/contract/values.ts';
import { useStudioQuery } from '../../studio/studio.tsx';

/**
 * Why a run under way computes on something else though a GPU of NVIDIA's and the pack for it are here; null where it does not, or
 * was told to. Who has not installed the pack knows why.
 */
export function useGpuPassedOver(run: RunDetail, device: RunProgress['device']): string | null {
  const isElsewhere = device !== null && device.provider !== 'cuda' && run.request.provider === null;
  const { data: status } = useStudioQuery('gpu.status', {}, { enabled: isElsewhere });
  if (!isElsewhere || status?.pack == null || (status.gpus?.length ?? 0) === 0) return null;
  const why = device.notes.filter((note) => note.startsWith(providerLabels.cuda));
  return [...why, `It computes on ${providerLabels[device.provider]}.`].join(' ');
}
