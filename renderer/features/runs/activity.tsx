import { RingProgress, Tooltip, UnstyledButton } from '@mantine/core';
import { Link } from 'wouter';

import { durationText } from '../../../electron/contract/quantities.ts';
import type { RunSummary } from '../../../electron/contract/runs.ts';
import { useStudioQuery } from '../../studio/studio.tsx';
import classes from './activity.module.css';
import { groupRuns } from './run-order.ts';
import { statusText } from './run-status.ts';
import { runView } from './run-view.ts';
import { useRunProgress } from './use-run-progress.ts';

/** The run under way, small, wherever one is; leads to it. Nothing where nothing runs. */
export function Activity() {
  const runs = useStudioQuery('runs.list', {}).data ?? [];
  const [run] = groupRuns(runs).underWay;
  return run === undefined ? null : <RunActivity run={run} />;
}

function RunActivity({ run }: { run: RunSummary }) {
  const { status, fraction, epoch, secondsLeft } = runView(run, useRunProgress(run.id));
  const percent = Math.floor(fraction * 100);
  const where = status === 'training' ? `epoch ${epoch} of ${run.epochs}` : statusText(status).toLowerCase();
  const left = secondsLeft === null ? '' : `, ${durationText(secondsLeft)} left`;
  return (
    <Tooltip label={`${run.name}: ${where}${left}`} position="right">
      <UnstyledButton
        component={Link}
        href={`/runs/${run.id}`}
        className={`${classes.activity} figures`}
        aria-label={`${run.name}: ${where}, ${percent} percent`}
      >
        <RingProgress
          size={44}
          thickness={4}
          roundCaps
          sections={[{ value: percent, color: 'clay' }]}
          label={<span className={classes.percent}>{percent}%</span>}
          styles={{ label: { textAlign: 'center' } }}
          aria-hidden
        />
        <span className={classes.epoch}>
          {status === 'training' ? `${epoch} / ${run.epochs}` : 'preparing'}
        </span>
      </UnstyledButton>
    </Tooltip>
  );
}
