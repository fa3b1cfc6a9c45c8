import { Button, Stack } from '@mantine/core';
import { IconPhotoSearch } from '@tabler/icons-react';
import { type KeyboardEvent, useEffect, useRef } from 'react';

import type { DatasetDetail } from '../../../../electron/contract/datasets.ts';
import { EmptyState } from '../../../components/empty-state.tsx';
import { FailureNote } from '../../../components/failure-note.tsx';
import { useStudioQuery } from '../../../studio/studio.tsx';
import { changeQuery, everything, narrowed } from '../dataset-view.ts';
import { useHere, useView } from '../use-view.tsx';
import { pageSize } from './grid-layout.ts';
import { ImageGrid } from './image-grid.tsx';
import { ImagesToolbar } from './images-toolbar.tsx';
import classes from './images-view.module.css';
import { Inspector } from './inspector.tsx';
import { useMarking } from './use-marking.ts';

/** The grid of images with its toolbar, and beside it what is selected. */
export function ImagesView({ dataset }: { dataset: DatasetDetail }) {
  const { view } = useHere();
  const query = useView((state) => state.query);
  const sets = useStudioQuery('captions.sets', { datasetId: dataset.id });
  const firstSet = sets.data?.[0]?.id ?? null;
  const chosen = sets.data?.some(({ id }) => id === query.captionSetId) === true;
  useEffect(() => {
    if (!chosen && firstSet !== query.captionSetId) changeQuery(view, { captionSetId: firstSet });
  }, [view, chosen, firstSet, query.captionSetId]);

  const ready = sets.data !== undefined && (chosen || firstSet === null);
  const { data, error, refetch } = useStudioQuery(
    'datasets.images',
    { datasetId: dataset.id, query, offset: 0, limit: pageSize },
    { enabled: ready, keepPrevious: true },
  );
  const body = useRef<HTMLDivElement>(null);
  const onKey = useSelectionKeys(() => {
    body.current?.querySelector<HTMLElement>('[data-caption-editor]')?.focus();
  });
  return (
    <div className={classes.view}>
      <ImagesToolbar dataset={dataset} sets={sets.data ?? []} shown={data?.total} />
      <div className={classes.body} ref={body}>
        <div className={classes.grid}>
          {error !== null && (
            <Stack p="lg">
              <FailureNote error={error} onRetry={() => void refetch()} />
            </Stack>
          )}
          {data?.total === 0 && error === null && (
            <EmptyState
              icon={<IconPhotoSearch size={40} stroke={1.2} />}
              title={dataset.importing ? 'Images appear here as they are read' : 'No image matches'}
              action={
                narrowed(query) && (
                  <Button
                    variant="default"
                    onClick={() => {
                      const { search, filter, tag } = everything;
                      changeQuery(view, { search, filter, tag });
                    }}
                  >
                    Show all images
                  </Button>
                )
              }
            />
          )}
          {data !== undefined && data.total > 0 && error === null && (
            <ImageGrid datasetId={dataset.id} query={query} count={data.total} onKey={onKey} />
          )}
        </div>
        <Inspector dataset={dataset} sets={sets.data ?? []} />
      </div>
    </div>
  );
}

/** X excludes what is selected or takes it in again, H holds it out or gives it back, Enter goes to its caption. */
function useSelectionKeys(editCaption: () => void): (event: KeyboardEvent) => boolean {
  const { view } = useHere();
  const marking = useMarking();
  return (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return false;
    const ids = [...view.getState().selection.ids];
    if (ids.length === 0) return false;
    const key = event.key.toLowerCase();
    if (key === 'x') marking.exclude(ids, !event.shiftKey);
    else if (key === 'h') marking.holdOut(ids, !event.shiftKey);
    else if (event.key === 'Enter') editCaption();
    else return false;
    return true;
  };
}
