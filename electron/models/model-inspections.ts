import type { Engine } from '../engine/engine.ts';
import { inspectModel } from './inspect-model.ts';
import type { ModelRecords } from './model-records.ts';

/** Looks by the engine into models whose components are not known yet, one at a time for each model. */
export interface ModelInspections {
  /** Throws what `inspectModel` throws. */
  readonly inspect: (id: number, folder: string) => Promise<void>;
  readonly close: () => Promise<void>;
}

export function createModelInspections(
  engine: Engine,
  records: ModelRecords,
  onInspected: () => void,
): ModelInspections {
  const underWay = new Map<number, Promise<void>>();
  let closed = false;
  return {
    inspect: (id, folder) => {
      const under = underWay.get(id);
      if (under !== undefined) return under;
      const work = inspectModel(folder, engine)
        .then(({ facts }) => {
          if (closed) return;
          records.setFacts(id, facts);
          onInspected();
        })
        .finally(() => underWay.delete(id));
      underWay.set(id, work);
      return work;
    },
    close: async () => {
      closed = true;
      await Promise.allSettled(underWay.values());
    },
  };
}
