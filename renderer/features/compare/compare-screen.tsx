import { ActionIcon, Button, Group, SegmentedControl, Tooltip } from '@mantine/core';
import { IconFileExport, IconKeyboard, IconLayoutColumns, IconListDetails } from '@tabler/icons-react';
import { useMemo, useState } from 'react';
import { Link, useLocation, useSearch } from 'wouter';

import type { RunSummary } from '../../../electron/contract/runs.ts';
import { EmptyState } from '../../components/empty-state.tsx';
import { FailureNote } from '../../components/failure-note.tsx';
import { Loading } from '../../components/loading.tsx';
import { Screen } from '../../components/screen.tsx';
import { useStudioQuery } from '../../studio/studio.tsx';
import { tally } from './book.ts';
import { chosenRuns, compareAddress } from './chosen-runs.ts';
import { ComparisonView } from './comparison-view.tsx';
import { exportLayout } from './export-layout.ts';
import { ExportPictures } from './export-pictures.tsx';
import { Favourites } from './favourites.tsx';
import { layOutGrid } from './grid.ts';
import { QueueNote } from './queue-note.tsx';
import { RunChips } from './run-chips.tsx';
import { SamplesDrawer } from './samples-drawer.tsx';
import { useComparison } from './use-comparison.ts';
import { useNamedSample } from './use-named-sample.ts';
import { useView } from './use-view.ts';

/** What the models learned, epoch by epoch, side by side. `?runs=1,2` says of which runs. */
export function CompareScreen() {
  const search = useSearch();
  const runs = useStudioQuery('runs.list', {});
  if (runs.error !== null) {
    return (
      <Screen title="Compare">
        <FailureNote error={runs.error} onRetry={() => void runs.refetch()} />
      </Screen>
    );
  }
  if (runs.data === undefined) {
    return (
      <Screen title="Compare" scrolls={false}>
        <Loading />
      </Screen>
    );
  }
  if (runs.data.length === 0) return <NoRuns />;
  return new URLSearchParams(search).get('view') === 'favourites' ? (
    <FavouritesScreen />
  ) : (
    <RunsCompared runs={runs.data} runIds={chosenRuns(search, runs.data)} />
  );
}

function RunsCompared({ runs, runIds }: { runs: readonly RunSummary[]; runIds: readonly number[] }) {
  const [, navigate] = useLocation();
  const { book, isCurrent, error, retry } = useComparison(runIds);
  const [view, change] = useView(runIds);
  const [open, setOpen] = useState<'samples' | 'export' | null>(null);
  useNamedSample(isCurrent ? book : null, change);
  const grid = useMemo(() => (book === null ? null : layOutGrid(book, view.layout)), [book, view.layout]);
  const counts = useMemo(() => (book === null ? null : tally(book)), [book]);
  const close = () => {
    setOpen(null);
  };
  return (
    <Screen
      title={
        <Group gap="md" wrap="nowrap">
          <span>Compare</span>
          <RunChips
            runs={runs}
            chosen={runIds}
            onChange={(next) => {
              navigate(compareAddress(next));
            }}
          />
        </Group>
      }
      scrolls={false}
      actions={
        <>
          {counts !== null && <QueueNote tally={counts} runIds={runIds} />}
          <ViewSwitch value="grid" />
          <Button
            size="xs"
            variant="default"
            leftSection={<IconListDetails size={16} aria-hidden />}
            disabled={book === null}
            onClick={() => {
              setOpen('samples');
            }}
          >
            Prompts and seeds
          </Button>
          <Button
            size="xs"
            variant="default"
            leftSection={<IconFileExport size={16} aria-hidden />}
            disabled={grid === null}
            onClick={() => {
              setOpen('export');
            }}
          >
            Export
          </Button>
          <Tooltip label="Keys (?)">
            <ActionIcon
              variant="subtle"
              color="gray"
              size="lg"
              aria-label="Keys"
              onClick={() => {
                change((now) => ({ ...now, open: 'keys' }));
              }}
            >
              <IconKeyboard size={18} />
            </ActionIcon>
          </Tooltip>
        </>
      }
    >
      {book !== null && grid !== null && (
        <>
          <ComparisonView book={book} grid={grid} view={view} change={change} />
          <ExportPictures
            open={open === 'export'}
            layoutFor={(allEpochs) => exportLayout(book, view.layout, grid, allEpochs)}
            onClose={close}
          />
        </>
      )}
      {book !== null && (
        <>
          {grid === null && (
            <EmptyState icon={<IconLayoutColumns size={40} stroke={1.2} />} title="No pictures yet">
              They appear with the first checkpoint, as soon as there is a prompt and a seed.
            </EmptyState>
          )}
          <SamplesDrawer open={open === 'samples'} book={book} onClose={close} />
        </>
      )}
      {book === null && (error === null ? <Loading /> : <FailureNote error={error} onRetry={retry} />)}
    </Screen>
  );
}

function FavouritesScreen() {
  return (
    <Screen title="Favourites" actions={<ViewSwitch value="favourites" />}>
      <Favourites />
    </Screen>
  );
}

function ViewSwitch({ value }: { value: 'grid' | 'favourites' }) {
  const [, navigate] = useLocation();
  const search = useSearch();
  return (
    <SegmentedControl
      size="xs"
      aria-label="What is shown"
      data={[
        { value: 'grid', label: 'Grid' },
        { value: 'favourites', label: 'Favourites' },
      ]}
      value={value}
      onChange={(next) => {
        const params = new URLSearchParams(search);
        if (next === 'grid') params.delete('view');
        else params.set('view', next);
        navigate(`/compare?${params.toString()}`);
      }}
    />
  );
}

function NoRuns() {
  return (
    <Screen title="Compare">
      <EmptyState
        icon={<IconLayoutColumns size={40} stroke={1.2} />}
        title="Nothing to compare yet"
        action={
          <Button component={Link} href="/train">
            Train a model
          </Button>
        }
      >
        Each run shows here what it learned: the same prompts and seeds, from the untouched base to the last
        checkpoint.
      </EmptyState>
    </Screen>
  );
}
