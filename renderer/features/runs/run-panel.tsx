import { Anchor, Skeleton, Tabs, Text, Title } from '@mantine/core';
import { Link } from 'wouter';

import { whatWasLearned } from '../../../electron/contract/learned.ts';
import type { RunDetail } from '../../../electron/contract/runs.ts';
import { lossCurves } from './curve.ts';
import { DevelopmentStrip } from './development-strip.tsx';
import { epochRows } from './epoch-rows.ts';
import { EpochTable } from './epoch-table.tsx';
import { LossChart, NoCurve } from './loss-chart.tsx';
import { RunLog } from './run-log.tsx';
import { RunNotice } from './run-notice.tsx';
import classes from './run-panel.module.css';
import { hasEnded, isUnderWay } from './run-status.ts';
import { RunStatusStrip } from './run-status-strip.tsx';
import { runView } from './run-view.ts';
import { SettingsPanel } from './settings-panel.tsx';
import { useDevelopment } from './use-development.ts';
import { useRunMetrics, useRunProgress } from './use-run-progress.ts';

/** One run: how it stands, how its loss goes, its pictures as they unfold, and all that is known of it. */
export function RunPanel({ run, currency }: { run: RunDetail; currency: string }) {
  const progress = useRunProgress(isUnderWay(run.status) ? run.id : null);
  const metrics = useRunMetrics(run.id);
  const view = runView(run, progress);
  return (
    <div className={classes.panel}>
      <div className={classes.content}>
        <RunStatusStrip run={run} view={view} currency={currency} />
        <RunNotice run={run} />
        <Tabs defaultValue="development" keepMounted={false} mt="sm">
          <Tabs.List>
            <Tabs.Tab value="development">Development</Tabs.Tab>
            <Tabs.Tab value="epochs">Epochs</Tabs.Tab>
            <Tabs.Tab value="settings">Settings</Tabs.Tab>
            <Tabs.Tab value="log">Log</Tabs.Tab>
          </Tabs.List>
          <Tabs.Panel value="development">
            <Loss run={run} metrics={metrics} />
            <Pictures run={run} />
          </Tabs.Panel>
          <Tabs.Panel value="epochs" pt="sm">
            <EpochTable run={run} rows={epochRows(run, metrics)} currency={currency} />
          </Tabs.Panel>
          <Tabs.Panel value="settings" pt="md">
            <SettingsPanel run={run} />
          </Tabs.Panel>
          <Tabs.Panel value="log" pt="md">
            <RunLog runId={run.id} />
          </Tabs.Panel>
        </Tabs>
      </div>
    </div>
  );
}

function Loss({ run, metrics }: { run: RunDetail; metrics: ReturnType<typeof useRunMetrics> }) {
  const learned = whatWasLearned(metrics?.epochs ?? [], run.checkpoints);
  return (
    <section aria-label="Loss">
      <Title order={2} size="h6" className={classes.heading}>
        Loss
      </Title>
      {metrics === undefined ? (
        <NoCurve>Reading the curve …</NoCurve>
      ) : metrics.steps.step.length < 2 ? (
        <NoCurve>
          {hasEnded(run.status)
            ? 'A curve needs two steps or more. The table of epochs has what was measured.'
            : 'The curve begins with the first steps.'}
        </NoCurve>
      ) : (
        <LossChart
          curves={lossCurves(metrics, learned)}
          epochs={run.epochs}
          checkpoints={run.checkpoints}
          learned={learned}
        />
      )}
      <SkippedSteps count={metrics?.skippedSteps ?? 0} />
    </section>
  );
}

function SkippedSteps({ count }: { count: number }) {
  if (count === 0) return null;
  return (
    <Text size="xs" c="dimmed">
      {count === 1
        ? '1 step was skipped: its gradients were too large for float16.'
        : `${count} steps were skipped: their gradients were too large for float16.`}
    </Text>
  );
}

function Pictures({ run }: { run: RunDetail }) {
  const development = useDevelopment(run);
  return (
    <section aria-label="Pictures">
      <div className={classes.heading}>
        <Title order={2} size="h6">
          Pictures
        </Title>
        <Anchor component={Link} href={`/compare?runs=${run.id}`} size="xs">
          Compare
        </Anchor>
      </div>
      {development === undefined ? (
        <Skeleton height={120} />
      ) : (
        <DevelopmentStrip run={run} development={development} />
      )}
    </section>
  );
}
