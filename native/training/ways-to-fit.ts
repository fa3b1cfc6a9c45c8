import { fitsInto } from '../facts/usable-memory.ts';
import type { OpenModel } from '../families/family.ts';
import { openModel } from '../families/open-model.ts';
import { planMemory, type StepPlace, totalBytes } from './memory-plan.ts';
import { type MemorySaving, memorySavings, type SteppedJob } from './memory-savings.ts';
import { modelToTrain } from './model-to-train.ts';

/** Changes that together make a step fit. */
export interface WayToFit {
  readonly savings: readonly MemorySaving[];
  /** What the step then takes. */
  readonly bytes: number;
}

/**
 * How a job that does not fit could be made to: every single change that is enough, or, where none is, all of them that can be
 * had together. Empty where nothing helps, or nothing is known.
 *
 * @throws Failure those of `openModel`
 */
export async function waysToFit(job: SteppedJob, place: StepPlace): Promise<readonly WayToFit[]> {
  if (place.available === null) return [];
  const model = await openModel(modelToTrain(job));
  try {
    return waysOf(job, place, model);
  } finally {
    await model.close();
  }
}

/** As `waysToFit`, of a model that is open. */
export function waysOf(job: SteppedJob, place: StepPlace, model: OpenModel): readonly WayToFit[] {
  const bytesOf = (changed: SteppedJob): number => {
    const memory = planMemory(changed, model, place);
    return memory === null ? Infinity : totalBytes(memory);
  };
  const fits = ({ bytes }: WayToFit): boolean => fitsInto(bytes, place.available ?? 0);
  const single = memorySavings.flatMap(([saving, change]): WayToFit[] => {
    const changed = change(job, place);
    return changed === null ? [] : [{ savings: [saving], bytes: bytesOf(changed) }];
  });
  const enough = single.filter(fits);
  if (enough.length > 0) return enough;
  // A LoRA is a step of its own: what else saves memory is little beside it.
  let changed = job;
  const together: MemorySaving[] = [];
  for (const [saving, change] of memorySavings) {
    const next = saving === 'LoRA' ? null : change(changed, place);
    if (next === null) continue;
    changed = next;
    together.push(saving);
  }
  const all = { savings: together, bytes: bytesOf(changed) };
  return fits(all) ? [all] : [];
}
