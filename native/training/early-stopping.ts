import type { TrainingSettings } from '../jobs.ts';

/** The checkpoint with the lowest held-out loss so far. Checkpoints are compared and not epochs: the best is then there to be taken. */
export interface BestCheckpoint {
  readonly epoch: number;
  readonly loss: number;
  /** Checkpoints after it, none of which had a lower loss. */
  readonly since: number;
}

/** @param loss the held-out loss; null where nothing is held out, which says nothing of any checkpoint */
export function afterCheckpoint(
  best: BestCheckpoint | undefined,
  epoch: number,
  loss: number | null,
): BestCheckpoint | undefined {
  if (loss === null) return best;
  return best === undefined || loss < best.loss
    ? { epoch, loss, since: 0 }
    : { ...best, since: best.since + 1 };
}

/** Whether held-out loss has not fallen for as many checkpoints as the run is to wait. */
export function endsEarly(
  { patience = 0 }: Pick<TrainingSettings, 'patience'>,
  best: BestCheckpoint | undefined,
): boolean {
  return patience > 0 && best !== undefined && best.since >= patience;
}

/** Of a run that is trained on: had it ended early, it waits for as many checkpoints once more. */
export function waitsAnew(
  settings: Pick<TrainingSettings, 'patience'>,
  best: BestCheckpoint,
): BestCheckpoint {
  return endsEarly(settings, best) ? { ...best, since: 0 } : best;
}
