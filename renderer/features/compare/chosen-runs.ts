import type { RunSummary } from '../../../electron/contract/runs.ts';

/** The runs that `?runs=1,2` names, as far as they are there; else the newest with pictures to show, or the newest. */
export function chosenRuns(search: string, runs: readonly RunSummary[]): readonly number[] {
  const named = (new URLSearchParams(search).get('runs') ?? '')
    .split(',')
    .map(Number)
    .filter((id) => runs.some((run) => run.id === id));
  if (named.length > 0) return [...new Set(named)];
  const newest = [...runs].sort((a, b) => b.createdAt - a.createdAt || b.id - a.id);
  const best = newest.find(({ checkpoints }) => checkpoints.length > 0) ?? newest[0];
  return best === undefined ? [] : [best.id];
}

export function compareAddress(runIds: readonly number[]): string {
  return `/compare?runs=${runIds.join(',')}`;
}
