import type { TrainJob } from '../jobs.ts';
import { type BatchShape, partOf, partsInTurn, shareOf } from './batch-shape.ts';
import { type Begun, begun, ended } from './begun.ts';
import { accumulates, mostRows, rowsAtOnce } from './data-order.ts';
import type { BatchData } from './shape-sessions.ts';
import { createTrainer, type Trainer, type TrainerOptions } from './trainer.ts';

/** A trainer that takes a job's batches, as many of their rows at once as it says. */
export async function openTrainer(
  job: Pick<TrainJob, 'settings' | 'prior'>,
  options: Omit<TrainerOptions, 'accumulate'>,
): Promise<Trainer> {
  const trainer = await createTrainer({ ...options, accumulate: accumulates(job) });
  const most = rowsAtOnce(job);
  return most < mostRows(job) ? rowsInTurn(trainer, most) : trainer;
}

/**
 * A trainer that is given at most so many rows of a batch at once: the others follow, their gradients are added and their losses
 * summed up. Every batch input has the rows as its first dimension, and the loss is a sum over them, so that it comes to the same
 * but for rounding, and takes the memory of so many rows. It must accumulate gradients.
 */
export function rowsInTurn(trainer: Trainer, most: number): Trainer {
  const beginBackward: Trainer['beginBackward'] = async (shape, batch, first, rates) => {
    const parts: Begun[] = [];
    try {
      for (const [i, part] of partsOf(shape, batch, most).entries()) {
        parts.push(await trainer.beginBackward(part.shape, part.data, first && i === 0, rates));
        if (!trainer.runsAhead) await parts.at(-1)!.value;
      }
    } catch (error) {
      await Promise.all(parts.map(({ over }) => over));
      throw error;
    }
    const value = Promise.all(parts.map((part) => part.value)).then(sum);
    return begun(
      value,
      parts.map(({ over }) => over),
    );
  };
  return {
    ...trainer,
    beginBackward,
    backward: (...batch) => ended(beginBackward(...batch)),
    evaluate: async (shape, batch) => {
      const losses: number[] = [];
      for (const part of partsOf(shape, batch, most))
        losses.push(await trainer.evaluate(part.shape, part.data));
      return sum(losses);
    },
  };
}

const sum = (losses: readonly number[]): number => losses.reduce((before, loss) => before + loss, 0);

function partsOf(
  shape: BatchShape,
  batch: BatchData,
  most: number,
): { readonly shape: BatchShape; readonly data: BatchData }[] {
  const count = partsInTurn(shape.rows, most);
  return Array.from({ length: count }, (_, part) => ({
    shape: partOf(shape, count),
    data: Object.fromEntries(Object.entries(batch).map(([name, data]) => [name, shareOf(data, part, count)])),
  }));
}
