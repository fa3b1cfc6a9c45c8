import { type Dataset, readDataset } from '../datasets/dataset.ts';
import { baseFor, type BaseModel, readBaseFacts, readTraits } from './base-model.ts';
import { checkBase } from './check-base.ts';
import { checkLentWords } from './check-lent-words.ts';
import { readClassImages } from './class-images.ts';
import { checkLoraBeginning } from './lora-beginning.ts';
import { type Plan, planTraining } from './plan.ts';
import { type AskedRun, type Proposed, withProposedMethod, withProposedTraining } from './propose-run.ts';
import { proposedRate } from './proposed-training.ts';
import type { ResolvedRunSpec } from './read-run-spec.ts';
import { captionWarning, type CutTexts, cutTexts } from './text-lengths.ts';
import { wordWarnings } from './word-warnings.ts';

export interface PlanRunOptions {
  /** Where the spec names none. */
  readonly cacheFolder: string;
  /** Images looked at so far; large folders take a while. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Says how the sample is trained over the base that comes with it. */
  readonly sampleRunFile?: string;
}

export interface PlannedRun extends Plan {
  /** Captions and prompts of which the base does not read all; null where its tokenizer cannot be used. */
  readonly cut: CutTexts | null;
  /** What was taken for keys that flags left out. */
  readonly proposed: readonly Proposed[];
}

/** Reads the bases' configs and the data, which is read once, and plans runs on it. */
export async function planRuns(
  asked: readonly AskedRun[],
  options: PlanRunOptions,
): Promise<readonly PlannedRun[]> {
  const begun = [];
  for (const run of asked) {
    const { base } = run.spec;
    const facts = await readBaseFacts(base);
    const { spec, proposed } = withProposedMethod(run, facts);
    const traits = await readTraits(base, facts);
    begun.push({ run: { ...run, spec }, facts, traits, proposed });
    await checkBase(spec, facts);
    await checkLoraBeginning(spec.method);
    await checkLentWords(spec);
  }
  const dataset = await readDatasetOf(asked[0]!.spec, options);
  const planned: PlannedRun[] = [];
  for (const { run, facts, traits, proposed: before } of begun) {
    const { sampleRunFile = null } = options;
    const { spec, proposed } = await withProposedTraining(run, traits, dataset, sampleRunFile);
    const base = {
      ...baseFor(spec.base, facts, spec.method.kind),
      ownRate: proposedRate(spec.method, traits),
    };
    planned.push({ ...(await planOn(spec, base, dataset, options)), proposed: [...before, ...proposed] });
  }
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
): Promise<Omit<PlannedRun, 'proposed'>> {
  const classImages = await readClassImages(spec.prior);
  const { run, summary } = planTraining({ spec, base, dataset, cacheFolder, classImages });
  const cut = await cutTexts(run);
  const warnings = [
    ...(await wordWarnings(run)),
    ...(cut === null ? [] : captionWarning(cut.read, cut.captions)),
  ];
  return { run, summary: { ...summary, warnings: [...summary.warnings, ...warnings] }, cut };
}
