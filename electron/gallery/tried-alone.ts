/**
 * Pictures that failed together are tried alone: one may spoil it for the others, or there may be too many at once. Where
 * several of the same weights then fail one after the other, it is the weights that are at fault.
 */
export interface TriedAlone {
  readonly has: (id: number) => boolean;
  /** From now on tried alone. */
  readonly add: (id: number, weights: string) => void;
  /** It was made, or is not to be made any more. */
  readonly forget: (id: number) => void;
  /** Weights that pictures were just made of are in order. */
  readonly succeeded: (weights: string) => void;
  /** One tried alone failed. Gives those that need not be tried any more. */
  readonly failed: (weights: string) => readonly number[];
}

const enoughFailures = 3;

export function createTriedAlone(): TriedAlone {
  /** With what stands for their weights. */
  const alone = new Map<number, string>();
  const failuresInRow = new Map<string, number>();
  return {
    has: (id) => alone.has(id),
    add: (id, weights) => alone.set(id, weights),
    forget: (id) => alone.delete(id),
    succeeded: (weights) => failuresInRow.delete(weights),
    failed: (weights) => {
      const failures = (failuresInRow.get(weights) ?? 0) + 1;
      if (failures < enoughFailures) {
        failuresInRow.set(weights, failures);
        return [];
      }
      failuresInRow.delete(weights);
      return [...alone].filter(([, same]) => same === weights).map(([id]) => id);
    },
  };
}
