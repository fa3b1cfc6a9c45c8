import type { RunRequest } from '../../../electron/contract/runs.ts';
import { countText } from '../../components/quantities.ts';
import { useStudioQuery } from '../../studio/studio.tsx';
import { useCaptioning } from '../captions/captioning-strip.tsx';

/** That a model is not done yet with the captions a run would take, or with those it does without; null where none is at it. */
export function useUnwritten({
  datasetId,
  captionSetIds,
}: Pick<RunRequest, 'datasetId' | 'captionSetIds'>): string | null {
  const { data: sets = [] } = useStudioQuery('captions.sets', { datasetId }, { keepPrevious: true });
  const wordless = sets.some(({ id, source }) => captionSetIds.includes(id) && source.kind === 'empty');
  const work = useCaptioning(datasetId).find(
    ({ captionSetId, status }) =>
      (status === 'running' || status === 'waiting') && (wordless || captionSetIds.includes(captionSetId)),
  );
  if (work === undefined) return null;
  const { done, total } = work;
  return `Captions are still being written (${countText(done)} of ${countText(total)}). Train when they are done, or now without those.`;
}
