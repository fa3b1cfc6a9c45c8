import type { TrainingTask } from './training-task.ts';

/** What held-out images, and as many that are trained on, say of the weights as they are: part of an epoch's metrics. */
export interface Judgement {
  /** Null where nothing is held out; it may be no finite number. */
  readonly validationLoss: number | null;
  readonly seenLoss?: number;
  /** What groups of batches add to the held-out loss; left out for too few batches. */
  readonly validationParts?: readonly number[];
}

/** Batches below this number say little of how sure a mean is. */
const fewestGroups = 4;
const mostGroups = 32;

/**
 * Judges the weights at noise and timesteps that are the same whenever it is done.
 * @param onBatch is told before each batch how many are done, and may throw
 */
export async function judge(
  { trainer, validation, seen = [] }: Pick<TrainingTask, 'trainer' | 'validation' | 'seen'>,
  onBatch: (done: number, total: number) => void = () => undefined,
): Promise<Judgement> {
  const total = validation.length + seen.length;
  let done = 0;
  const partsOf = async (batches: TrainingTask['validation']): Promise<readonly number[]> => {
    const parts: number[] = [];
    for (const prepare of batches) {
      onBatch(done++, total);
      const { shape, data } = await prepare();
      parts.push(await trainer.evaluate(shape, data));
    }
    return parts;
  };
  const held = await partsOf(validation);
  const trained = await partsOf(seen);
  const groups = grouped(held);
  return {
    validationLoss: held.length === 0 ? null : sum(held),
    ...(trained.length > 0 && { seenLoss: sum(trained) }),
    ...(groups !== null && { validationParts: groups }),
  };
}

export function hasFiniteLosses({ validationLoss, seenLoss = 0 }: Judgement): boolean {
  return Number.isFinite(validationLoss ?? 0) && Number.isFinite(seenLoss);
}

const sum = (parts: readonly number[]): number => parts.reduce((before, part) => before + part, 0);

/** Batches that follow one another hold the same images; each group gets as many, but for one at most. */
function grouped(parts: readonly number[]): readonly number[] | null {
  if (parts.length < fewestGroups) return null;
  const groups = new Array<number>(Math.min(parts.length, mostGroups)).fill(0);
  parts.forEach((part, at) => {
    groups[Math.floor((at * groups.length) / parts.length)]! += part;
  });
  return groups.map((total) => Number(total.toPrecision(9)));
}
