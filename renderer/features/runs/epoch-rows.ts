import { whatWasLearned } from '../../../electron/contract/learned.ts';
import type { RunDetail, RunMetrics } from '../../../electron/contract/runs.ts';

/** One epoch of a run as its table shows it; epoch 0 is what was measured before the first step. */
export interface EpochRow {
  readonly epoch: number;
  readonly hasCheckpoint: boolean;
  readonly trainLoss: number | null;
  readonly validationLoss: number | null;
  readonly seconds: number | null;
  readonly imagesPerSecond: number | null;
  readonly cost: number | null;
  /** `lowest`: of all epochs, the held-out loss; `nearest`: of those with a checkpoint, where the lowest has none. */
  readonly mark: 'lowest' | 'nearest' | null;
}

/** Every epoch, newest last, with its losses and what it took. */
export function epochRows(
  { checkpoints, ledger }: Pick<RunDetail, 'checkpoints' | 'ledger'>,
  metrics: Pick<RunMetrics, 'epochs'> | undefined,
): readonly EpochRow[] {
  const losses = new Map(metrics?.epochs.map((entry) => [entry.epoch, entry]));
  const spent = new Map(ledger.map((entry) => [entry.epoch, entry]));
  const numbers = [...new Set([...losses.keys(), ...spent.keys(), ...checkpoints])].sort((a, b) => a - b);
  const learned = whatWasLearned(metrics?.epochs ?? [], checkpoints);
  const nearest = learned === null || learned.best === 0 ? null : learned.nearestKept;
  return numbers.map((epoch) => {
    const loss = losses.get(epoch);
    const entry = spent.get(epoch);
    return {
      epoch,
      hasCheckpoint: checkpoints.includes(epoch),
      trainLoss: loss?.trainLoss ?? null,
      validationLoss: loss?.validationLoss ?? null,
      seconds: entry?.seconds ?? null,
      imagesPerSecond: entry === undefined ? null : epochRate(entry),
      cost: entry?.cost ?? null,
      mark: epoch === learned?.best ? 'lowest' : epoch === nearest?.epoch ? 'nearest' : null,
    };
  });
}

/** Images a second; null where no time was measured. */
export function epochRate({ images, seconds }: Pick<RunDetail['ledger'][number], 'images' | 'seconds'>) {
  return seconds > 0 ? images / seconds : null;
}
