import type { RunDetail, RunMetrics } from '../../../electron/contract/runs.ts';

/** One epoch of a run as its table shows it. */
export interface EpochRow {
  readonly epoch: number;
  readonly hasCheckpoint: boolean;
  readonly trainLoss: number | null;
  readonly validationLoss: number | null;
  readonly seconds: number | null;
  readonly imagesPerSecond: number | null;
  readonly cost: number | null;
  /** Lowest held-out loss of those with a checkpoint. */
  readonly best: boolean;
}

/** Every epoch that was trained, newest last, with its losses and what it took. */
export function epochRows(
  { checkpoints, ledger }: Pick<RunDetail, 'checkpoints' | 'ledger'>,
  metrics: Pick<RunMetrics, 'epochs'> | undefined,
): readonly EpochRow[] {
  const losses = new Map(metrics?.epochs.map((entry) => [entry.epoch, entry]));
  const spent = new Map(ledger.map((entry) => [entry.epoch, entry]));
  const numbers = [...new Set([...losses.keys(), ...spent.keys(), ...checkpoints])].sort((a, b) => a - b);
  const validations = checkpoints.flatMap((epoch) => losses.get(epoch)?.validationLoss ?? []);
  const lowest = Math.min(...validations);
  return numbers.map((epoch) => {
    const loss = losses.get(epoch);
    const entry = spent.get(epoch);
    const hasCheckpoint = checkpoints.includes(epoch);
    return {
      epoch,
      hasCheckpoint,
      trainLoss: loss?.trainLoss ?? null,
      validationLoss: loss?.validationLoss ?? null,
      seconds: entry?.seconds ?? null,
      imagesPerSecond: entry === undefined ? null : epochRate(entry),
      cost: entry?.cost ?? null,
      best: hasCheckpoint && validations.length > 1 && loss?.validationLoss === lowest,
    };
  });
}

/** Images a second; null where no time was measured. */
export function epochRate({ images, seconds }: Pick<RunDetail['ledger'][number], 'images' | 'seconds'>) {
  return seconds > 0 ? images / seconds : null;
}
