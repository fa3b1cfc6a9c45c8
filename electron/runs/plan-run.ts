import { type Dataset, readDataset } from '../datasets/dataset.ts';
import { baseFor, type BaseModel, readBaseFacts, readOwnRate } from './base-model.ts';
import { checkBase } from './check-base.ts';
import { checkLentWords } from './check-lent-words.ts';
import { readClassImages } from './class-images.ts';
import { checkLoraBeginning } from './lora-beginning.ts';
import { type Plan, planTraining } from './plan.ts';
import type { ResolvedRunSpec } from './read-run-spec.ts';
import { captionWarning, type CutTexts, cutTexts } from './text-lengths.ts';
import { wordWarnings } from './word-warnings.ts';

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

/** Reads the bases' configs and the data, which is read once, and plans runs on it. */
export async function planRuns(
  specs: readonly ResolvedRunSpec[],
  options: PlanRunOptions,
): Promise<readonly PlannedRun[]> {
  const bases = [];
  for (const spec of specs) {
    const { base, method } = spec;
    const facts = await readBaseFacts(base);
    bases.push({ ...baseFor(base, facts, method.kind), ...(await readOwnRate(base, method.kind)) });
    await checkBase(spec, facts);
    await checkLoraBeginning(method);
    await checkLentWords(spec);
  }
  const dataset = await readDatasetOf(specs[0]!, options);
  const planned: PlannedRun[] = [];
  for (const [index, spec] of specs.entries())
    planned.push(await planOn(spec, bases[index]!, dataset, options));
  return planned;
}

function readDatasetOf({ data }: ResolvedRunSpec, { onProgress }: PlanRunOptions): Promise<Dataset> {
  const { folder, fileNamePattern } = data;
  return readDataset(folder, {
    ...(fileNamePattern === undefined ? {} : { fileNamePattern }),
    ...(onProgress === undefined ? {} : { onProgress }),
  });
}

async function planOn(
  spec: ResolvedRunSpec,
  base: BaseModel,
  dataset: Dataset,
  { cacheFolder }: PlanRunOptions,
): Promise<PlannedRun> {
  const classImages = await readClassImages(spec.prior);
  const { run, summary } = planTraining({ spec, base, dataset, cacheFolder, classImages });
  const cut = await cutTexts(run);
  const warnings = [
    ...(await wordWarnings(run)),
    ...(cut === null ? [] : captionWarning(cut.read, cut.captions)),
  ];
  return { run, summary: { ...summary, warnings: [...summary.warnings, ...warnings] }, cut };
}
