import type { RunSummary } from '../../../electron/contract/runs.ts';
import { isUnderWay } from './run-status.ts';

export interface RunGroups {
  readonly underWay: readonly RunSummary[];
  /** First to begin first. */
  readonly queued: readonly RunSummary[];
  /** Paused or interrupted, newest first: somebody has to say that they go on. */
  readonly waiting: readonly RunSummary[];
  /** Ended, newest first. */
  readonly past: readonly RunSummary[];
}

const isWaiting = ({ status }: RunSummary) => status === 'paused' || status === 'interrupted';

export function groupRuns(runs: readonly RunSummary[]): RunGroups {
  const newestFirst = [...runs].sort((a, b) => b.createdAt - a.createdAt || b.id - a.id);
  return {
    underWay: newestFirst.filter(({ status }) => isUnderWay(status)),
    queued: runs
      .filter(({ status }) => status === 'queued')
      .sort((a, b) => (a.queuePosition ?? 0) - (b.queuePosition ?? 0) || a.id - b.id),
    waiting: newestFirst.filter(isWaiting),
    past: newestFirst.filter((run) => !isUnderWay(run.status) && run.status !== 'queued' && !isWaiting(run)),
  };
}

/** Where in the queue a run goes when it is moved, from 1; null where it is at that end already. */
export function movedPosition(queued: readonly RunSummary[], runId: number, by: -1 | 1): number | null {
  const index = queued.findIndex(({ id }) => id === runId);
  const to = index + by;
  return index === -1 || to < 0 || to >= queued.length ? null : to + 1;
}
