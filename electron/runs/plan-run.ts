import { readDataset } from '../datasets/dataset.ts';
import { readBaseModel } from './base-model.ts';
import { type Plan, planTraining } from './plan.ts';
import type { ResolvedRunSpec } from './read-run-spec.ts';

export interface PlanRunOptions {
  /** Where the spec names none. */
  readonly cacheFolder: string;
  /** Images looked at so far; large folders take a while. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** Reads the base's configs and the data, and plans the run. */
export async function planRun(spec: ResolvedRunSpec, options: PlanRunOptions): Promise<Plan> {
  const { cacheFolder, onProgress } = options;
  const { folder, fileNamePattern } = spec.data;
  const base = await readBaseModel(spec.base, spec.method.kind);
  const dataset = await readDataset(folder, {
    ...(fileNamePattern === undefined ? {} : { fileNamePattern }),
    ...(onProgress === undefined ? {} : { onProgress }),
  });
  return planTraining({ spec, base, dataset, cacheFolder });
}
