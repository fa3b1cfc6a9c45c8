import { Button, Center } from '@mantine/core';
import { IconFlame, IconPlus } from '@tabler/icons-react';
import { Link, Redirect, useParams } from 'wouter';

import type { RunDetail, RunSummary } from '../../../electron/contract/runs.ts';
import { EmptyState } from '../../components/empty-state.tsx';
import { FailureNote } from '../../components/failure-note.tsx';
import { Loading } from '../../components/loading.tsx';
import { Screen } from '../../components/screen.tsx';
import { useStudioQuery } from '../../studio/studio.tsx';
import { FinishedActions } from './finished-actions.tsx';
import { NoticeButton } from './notice-button.tsx';
import { RunControls } from './run-controls.tsx';
import { RunList } from './run-list.tsx';
import { RunMenu } from './run-menu.tsx';
import { groupRuns } from './run-order.ts';
import { RunPanel } from './run-panel.tsx';
import { canResume, hasEnded, isUnderWay } from './run-status.ts';
import classes from './runs-screen.module.css';

/** All runs at the left, the chosen one beside them; without a choice the one under way, or the newest. */
export function RunsScreen() {
  const { id } = useParams<{ id?: string }>();
  const runs = useStudioQuery('runs.list', {});
  const runId = id === undefined ? null : Number(id);
  if (runs.error !== null) {
    return (
      <Screen title="Runs">
        <FailureNote error={runs.error} onRetry={() => void runs.refetch()} />
      </Screen>
    );
  }
  if (runs.data === undefined) {
    return (
      <Screen title="Runs">
        <Loading />
      </Screen>
    );
  }
  if (runs.data.length === 0) return <NoRuns />;
  if (runId === null) {
    const { underWay, queued, waiting, past } = groupRuns(runs.data);
    const [first] = [...underWay, ...waiting, ...past, ...queued];
    return <Redirect to={`/runs/${first?.id ?? ''}`} replace />;
  }
  return <ChosenRun runs={runs.data} runId={runId} />;
}

function ChosenRun({ runs, runId }: { runs: readonly RunSummary[]; runId: number }) {
  const known = runs.find(({ id }) => id === runId);
  const currency = useStudioQuery('system.settings', {}).data?.currency ?? 'EUR';
  const run = useStudioQuery('runs.get', { runId }, { enabled: Number.isInteger(runId) && runId > 0 });
  return (
    <Screen
      title={known?.name ?? run.data?.name ?? 'Run'}
      scrolls={false}
      actions={
        <>
          {/* A run that waits for somebody has its buttons in the notice, once. */}
          {known !== undefined && !canResume(known.status) && <RunControls run={known} />}
          {known !== undefined && isUnderWay(known.status) && <NoticeButton />}
          {known !== undefined && hasEnded(known.status) && <FinishedActions run={known} />}
          {known !== undefined && <RunMenu run={known} />}
          <Button
            component={Link}
            href="/train"
            size="xs"
            variant="default"
            leftSection={<IconPlus size={14} aria-hidden />}
          >
            New run
          </Button>
        </>
      }
    >
      <div className={classes.columns}>
        <RunList runs={runs} chosen={runId} currency={currency} />
        <Detail run={run.data} error={run.error} onRetry={() => void run.refetch()} currency={currency} />
      </div>
    </Screen>
  );
}

function Detail({
  run,
  error,
  onRetry,
  currency,
}: {
  run: RunDetail | undefined;
  error: unknown;
  onRetry: () => void;
  currency: string;
}) {
  if (run !== undefined) return <RunPanel key={run.id} run={run} currency={currency} />;
  if (error !== null) {
    return (
      <Center p="xl">
        <FailureNote error={error} onRetry={onRetry} />
      </Center>
    );
  }
  return <Loading />;
}

function NoRuns() {
  return (
    <Screen title="Runs">
      <EmptyState
        icon={<IconFlame size={40} stroke={1.2} />}
        title="Nothing has been trained yet"
        action={
          <Button component={Link} href="/train">
            Train
          </Button>
        }
      >
        Runs appear here: the one under way with its loss and its pictures, those that wait, and those that
        ended.
      </EmptyState>
    </Screen>
  );
}
