import { readDataset } from '../datasets/dataset.ts';
import { readBaseModel } from './base-model.ts';
import { readClassImages } from './class-images.ts';
import { checkLoraBeginning } from './lora-beginning.ts';
import { type Plan, planTraining } from './plan.ts';
import type { ResolvedRunSpec } from './read-run-spec.ts';
import { captionWarning, type CutTexts, cutTexts } from './text-lengths.ts';

export interface PlanRunOptions {
  /** Where the spec names none. */
  readonly cacheFolder: string;
  /** Images looked at so far; large folders take a while. */
  readonly onProgress?: (done: number, total: number) => void;
}

export interface PlannedRun extends Plan {
  /** Captions and prompts of which the base does not read all; null where its tokenizer cannot be used. */
  readonly cut: CutTexts | null;
}

/** Reads the base's configs and the data, and plans the run. */
export async function planRun(spec: ResolvedRunSpec, options: PlanRunOptions): Promise<PlannedRun> {
  const { cacheFolder, onProgress } = options;
  const { folder, fileNamePattern } = spec.data;
  const base = await readBaseModel(spec.base, spec.method.kind);
  await checkLoraBeginning(spec.method);
  const dataset = await readDataset(folder, {
    ...(fileNamePattern === undefined ? {} : { fileNamePattern }),
    ...(onProgress === undefined ? {} : { onProgress }),
  });
  const classImages = await readClassImages(spec.prior);
  const { run, summary } = planTraining({ spec, base, dataset, cacheFolder, classImages });
  const cut = await cutTexts(run);
  const warnings = cut === null ? [] : captionWarning(cut.read, cut.captions);
  return { run, summary: { ...summary, warnings: [...summary.warnings, ...warnings] }, cut };
}
