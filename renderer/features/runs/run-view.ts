import type { RunProgress, RunSummary } from '../../../electron/contract/runs.ts';

/** Where a run is, whether it is under way or not. */
export interface RunView {
  readonly status: RunSummary['status'];
  /** Of the whole training, 0 to 1. */
  readonly fraction: number;
  /** Epochs behind it; a fraction counts. */
  readonly reached: number;
  /** The epoch under way, from 1; 0 before the first. */
  readonly epoch: number;
  /** What goes before or beside training, and how far that is; null where nothing does. */
  readonly phase: { readonly name: string; readonly done: number; readonly total: number } | null;
  readonly imagesPerSecond: number | null;
  readonly secondsLeft: number | null;
  readonly seconds: number;
  readonly cost: number | null;
  readonly loss: number | null;
  /** What it computes on, and why on nothing better; null where it is not under way. */
  readonly device: RunProgress['device'];
}

/** The newest of both: what was last written down of a run, and what its engine last said. */
export function runView(run: RunSummary, progress: RunProgress | null): RunView {
  const live = progress?.runId === run.id ? progress : null;
  const { step, steps } = live ?? run;
  const fraction = steps > 0 ? Math.min(1, step / steps) : 0;
  const reached = fraction * run.epochs;
  return {
    status: live?.status ?? run.status,
    fraction,
    reached,
    epoch: step === 0 ? 0 : Math.max(1, Math.ceil(reached - 1e-9)),
    phase: phaseOf(live),
    imagesPerSecond: live?.imagesPerSecond ?? null,
    secondsLeft: live?.secondsLeft ?? null,
    seconds: live?.seconds ?? run.seconds,
    cost: live?.cost ?? run.cost,
    loss: live?.loss ?? run.trainLoss,
    device: live?.device ?? null,
  };
}

function phaseOf(live: RunProgress | null): RunView['phase'] {
  const name = live?.phase ?? null;
  return live === null || name === null ? null : { name, done: live.done, total: live.total };
}
