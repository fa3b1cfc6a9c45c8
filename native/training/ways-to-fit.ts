import { optimizerOf, usualSettings } from '../facts/optimizers.ts';
import type { OpenModel } from '../families/family.ts';
import { openModel } from '../families/open-model.ts';
import type { TrainJob } from '../jobs.ts';
import { usesMainMemory } from '../runtime/runtime.ts';
import { planMemory, type StepPlace, totalBytes } from './memory-plan.ts';
import { modelToTrain } from './model-to-train.ts';

/** What can be changed of a job so that its step takes less memory. */
export type MemorySaving = 'batch of one' | 'AdamW in 8 bits' | 'fused backward pass' | 'LoRA';

/** Changes that together make a step fit. */
export interface WayToFit {
  readonly savings: readonly MemorySaving[];
  /** What the step then takes. */
  readonly bytes: number;
}

type Job = Pick<TrainJob, 'base' | 'images' | 'method' | 'settings' | 'prior'>;
type Settings = TrainJob['settings'];

/** The rank of the LoRA that is proposed. */
const usualRank = 16;

/** Each changes the least of what is learned before the next; null where it would change nothing. */
const savings: readonly (readonly [MemorySaving, (job: Job, place: StepPlace) => Job | null])[] = [
  [
    'batch of one',
    ({ settings, ...job }) =>
      settings.batchSize === 1
        ? null
        : {
            ...job,
            settings: withFused(
              {
                ...settings,
                batchSize: 1,
                gradientAccumulation: settings.gradientAccumulation * settings.batchSize,
              },
              false,
            ),
          },
  ],
  [
    'AdamW in 8 bits',
    ({ settings, ...job }) =>
      ['lora', 'embedding'].includes(job.method.kind) || optimizerOf(settings).kind !== 'adamw'
        ? null
        : { ...job, settings: { ...settings, optimizer: usualSettings('adamw8bit') } },
  ],
  [
    'fused backward pass',
    ({ settings, ...job }, { provider }) =>
      job.method.kind !== 'full' ||
      !usesMainMemory(provider) ||
      settings.fusedBackward === true ||
      settings.gradientAccumulation > 1 ||
      optimizerOf(settings).kind === 'prodigy'
        ? null
        : { ...job, settings: withFused(settings, true) },
  ],
  [
    'LoRA',
    (job) =>
      job.method.kind !== 'full'
        ? null
        : {
            ...job,
            method: {
              kind: 'lora',
              rank: usualRank,
              alpha: usualRank,
              textEncoder: job.method.textEncoder,
            },
            settings: withFused(job.settings, false),
          },
  ],
];

function withFused({ fusedBackward: _, ...settings }: Settings, fused: boolean): Settings {
  return { ...settings, ...(fused && { fusedBackward: true }) };
}

/**
 * How a job that does not fit could be made to: every single change that is enough, or, where none is, all of them that can be
 * had together. Empty where nothing helps, or nothing is known.
 *
 * @throws Failure those of `openModel`
 */
export async function waysToFit(job: Job, place: StepPlace): Promise<readonly WayToFit[]> {
  if (place.available === null) return [];
  const model = await openModel(modelToTrain(job));
  try {
    return waysOf(job, place, model);
  } finally {
    await model.close();
  }
}

/** As `waysToFit`, of a model that is open. */
export function waysOf(job: Job, place: StepPlace, model: OpenModel): readonly WayToFit[] {
  const bytesOf = (changed: Job): number => {
    const memory = planMemory(changed, model, place);
    return memory === null ? Infinity : totalBytes(memory);
  };
  const fits = ({ bytes }: WayToFit): boolean => bytes < (place.available ?? 0);
  const single = savings.flatMap(([saving, change]): WayToFit[] => {
    const changed = change(job, place);
    return changed === null ? [] : [{ savings: [saving], bytes: bytesOf(changed) }];
  });
  const enough = single.filter(fits);
  if (enough.length > 0) return enough;
  // A LoRA is a step of its own: what else saves memory is little beside it.
  let changed = job;
  const together: MemorySaving[] = [];
  for (const [saving, change] of savings) {
    const next = saving === 'LoRA' ? null : change(changed, place);
    if (next === null) continue;
    changed = next;
    together.push(saving);
  }
  const all = { savings: together, bytes: bytesOf(changed) };
  return fits(all) ? [all] : [];
}
