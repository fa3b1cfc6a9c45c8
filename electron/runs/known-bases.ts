import type { RunBase } from './plan-request.ts';
import { speedKeyOf } from './plan-request.ts';
import type { Run } from './run-folder.ts';
import type { SpeedKey } from './speeds.ts';

/** Bases of runs, as far as they are known: what a run's speed is kept under depends on its base. */
export interface KnownBases {
  readonly add: (base: RunBase) => void;
  /** Has it looked up in the background; nothing comes of one that is gone. */
  readonly lookUp: (modelId: number) => void;
  /** Null where the run's base is not known. */
  readonly speedKeyOf: (run: Run) => SpeedKey | null;
}

export function createKnownBases(find: (modelId: number) => Promise<RunBase>): KnownBases {
  const bases = new Map<string, RunBase>();
  const add = (base: RunBase) => {
    bases.set(base.folder, base);
  };
  return {
    add,
    lookUp: (modelId) => {
      find(modelId).then(add, () => undefined);
    },
    speedKeyOf: (run) => {
      const base = bases.get(run.job.base);
      return base === undefined ? null : speedKeyOf(run.job.device.provider ?? null, base, run);
    },
  };
}
