import { Skeleton, Stack } from '@mantine/core';
import { IconPhotoOff } from '@tabler/icons-react';
import { type ComponentType, lazy, Suspense } from 'react';
import { Link, Redirect, useParams } from 'wouter';

import type { DatasetDetail } from '../../../electron/contract/datasets.ts';
import { EmptyState } from '../../components/empty-state.tsx';
import { FailureNote } from '../../components/failure-note.tsx';
import { Screen } from '../../components/screen.tsx';
import { failureOf } from '../../studio/failure.ts';
import { useStudioQuery } from '../../studio/studio.tsx';
import { BucketsView } from './buckets/buckets-view.tsx';
import { DatasetActions } from './dataset-actions.tsx';
import classes from './dataset-screen.module.css';
import { DuplicatesView } from './duplicates/duplicates-view.tsx';
import { ImagesView } from './images/images-view.tsx';
import { DropZone } from './import/drop-zone.tsx';
import { ImportStrip, SendingStrip } from './import/import-strip.tsx';
import { useImporting } from './import/importing-provider.tsx';
import { useImport } from './import/use-import.ts';
import { ProblemsView } from './problems-view.tsx';
import { DatasetViewProvider } from './use-view.tsx';

export interface ViewProps {
  readonly dataset: DatasetDetail;
}

const CaptionsView = lazy(async () => ({
  default: (await import('../captions/captions-view.tsx')).CaptionsView,
}));
const WriteView = lazy(async () => ({ default: (await import('../captions/write-view.tsx')).WriteView }));

interface View {
  readonly path: string;
  readonly label: string;
  readonly screen: ComponentType<ViewProps>;
}

const views: readonly View[] = [
  { path: '', label: 'Images', screen: ImagesView },
  { path: 'captions', label: 'Captions', screen: CaptionsView },
  { path: 'duplicates', label: 'Duplicates', screen: DuplicatesView },
  { path: 'buckets', label: 'Buckets', screen: BucketsView },
  { path: 'problems', label: 'Problems', screen: ProblemsView },
];
/** Reached from the captions, and no place of its own. */
const writing: View = { path: 'write', label: 'Write captions', screen: WriteView };

/** One data set: its images, their captions, and what is to be known of them before training. */
export function DatasetScreen() {
  const { id, view = '' } = useParams<{ id: string; view?: string }>();
  return <Dataset key={id} datasetId={Number(id)} view={view} />;
}

function Dataset({ datasetId, view }: { datasetId: number; view: string }) {
  const { data: dataset, error, refetch } = useStudioQuery('datasets.get', { datasetId });
  const ways = useImport(datasetId);
  const isEmpty = useImporting((state) => state.empty.has(datasetId));
  const { screen: Shown } = [...views, writing].find(({ path }) => path === view) ?? views[0]!;
  // Made of what held no image, which is told by itself.
  if (isEmpty && error !== null && failureOf(error).code === 'dataset-unknown') {
    return <Redirect to="/datasets" replace />;
  }
  return (
    <DatasetViewProvider datasetId={datasetId}>
      <DropZone ways={ways} label={`Drop to add to ${dataset?.name ?? 'this data set'}`}>
        <Screen
          scrolls={false}
          title={<span className={classes.title}>{dataset?.name ?? ' '}</span>}
          views={<Views dataset={dataset} datasetId={datasetId} view={view} />}
          actions={dataset !== undefined && <DatasetActions dataset={dataset} ways={ways} />}
        >
          {error !== null ? (
            <Stack p="lg">
              <FailureNote error={error} onRetry={() => void refetch()} />
            </Stack>
          ) : (
            <div className={classes.body}>
              <Coming datasetId={datasetId} importing={dataset?.importing ?? false} />
              <div className={classes.view}>
                {dataset === undefined ? (
                  <Skeleton h="100%" radius={0} />
                ) : dataset.images === 0 && !dataset.importing && view !== 'problems' ? (
                  <NoImages dataset={dataset} />
                ) : (
                  <Suspense fallback={null}>
                    <Shown dataset={dataset} />
                  </Suspense>
                )}
              </div>
            </div>
          )}
        </Screen>
      </DropZone>
    </DatasetViewProvider>
  );
}

function Views({
  dataset,
  datasetId,
  view,
}: {
  dataset: DatasetDetail | undefined;
  datasetId: number;
  view: string;
}) {
  return (
    <nav className={classes.views} aria-label="Views of this data set">
      {views.map(({ path, label }) => (
        <Link
          key={path}
          href={`/datasets/${datasetId}${path === '' ? '' : `/${path}`}`}
          className={classes.viewLink}
          aria-current={path === view || (path === 'captions' && view === 'write') ? 'page' : undefined}
        >
          {label}
          {path === 'problems' && dataset !== undefined && dataset.problems > 0 && (
            <span className={classes.count}>{dataset.problems}</span>
          )}
        </Link>
      ))}
    </nav>
  );
}

function Coming({ datasetId, importing }: { datasetId: number; importing: boolean }) {
  const sending = useImporting((state) => state.sending !== null);
  const told = useImporting((state) => state.imports.has(datasetId));
  if (!sending && !told && !importing) return null;
  return (
    <div className={classes.coming}>
      <SendingStrip />
      <ImportStrip datasetId={datasetId} importing={importing} />
    </div>
  );
}

function NoImages({ dataset: { id, problems } }: ViewProps) {
  return (
    <EmptyState
      icon={<IconPhotoOff size={40} stroke={1.2} />}
      title="No images in this data set"
      action={problems > 0 && <Link href={`/datasets/${id}/problems`}>See what could not be used</Link>}
    >
      Drop images or a folder here to add them.
    </EmptyState>
  );
}
