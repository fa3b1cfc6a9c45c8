import { fitsIn, memoryNote } from '../../../electron/contract/memory-text.ts';
import { bytesText, durationText, memoryText } from '../../../electron/contract/quantities.ts';
import type { RunPlan } from '../../../electron/contract/runs.ts';
import type { CostRate } from '../../../electron/contract/values.ts';
import { countOf, countText, moneyText, parametersText } from '../../components/quantities.ts';

export interface PlanRow {
  readonly name: string;
  readonly value: string;
  /** Said more quietly beneath. */
  readonly note: string | null;
  readonly alarming: boolean;
}

/** Class images are made before the first step, where they are not there from an earlier run. */
function makingText({ classImageSeconds, runs }: RunPlan): string {
  if (classImageSeconds === null) return '';
  return `; up to ${durationText(classImageSeconds)} of it${runs > 1 ? ' in each' : ''} for making the class images first`;
}

/** A plan as a person reads it, everything by the epoch. */
export function planRows(plan: RunPlan, costRate: CostRate, currency: string): readonly PlanRow[] {
  const alike = areAlike(plan);
  const all = plan.runs > 1 ? ` for all ${plan.runs} runs` : '';
  const row = (name: string, value: string, note: string | null = null, alarming = false): PlanRow => ({
    name,
    value,
    note,
    alarming,
  });
  return [
    row(
      'Images',
      countText(plan.images),
      [
        plan.heldOut > 0 ? `${countText(plan.heldOut)} more held out` : 'none held out, so no held-out loss',
        bucketText(plan),
        ...classText(plan),
      ].join('; '),
    ),
    row(
      'Steps',
      `${countText(plan.stepsPerEpoch)} per epoch`,
      plan.runs > 1 && !alike
        ? `in the first run; ${countText(plan.each.reduce((sum, { steps }) => sum + steps, 0))} steps in all ${plan.runs} runs`
        : plan.runs > 1
          ? `${countText(plan.steps)} in each of ${plan.runs} runs, ${countText(plan.steps * plan.runs)} in all`
          : `${countText(plan.steps)} in ${countOf(plan.epochs, 'epoch')}`,
    ),
    plan.secondsPerEpoch === null
      ? row('Time', 'known after the first steps', 'No run like it has been measured here yet.')
      : row(
          'Time',
          `${durationText(plan.secondsPerEpoch)} per epoch`,
          plan.seconds === null
            ? null
            : `${totalText(durationText, plan.seconds)}, by the speed of earlier runs${makingText(plan)}`,
        ),
    costRow(),
    row(
      'Disk',
      bytesText(neededBytes(plan)),
      [
        ...(plan.runs > 1
          ? [
              alike
                ? `${bytesText(plan.diskBytes)} for each of ${plan.runs} runs`
                : `for all ${plan.runs} runs`,
            ]
          : []),
        ...(plan.cacheBytes > 0 ? [`${bytesText(plan.cacheBytes)} of prepared images`] : []),
        `${bytesText(plan.freeDiskBytes)} free`,
      ].join('; '),
      lacksDisk(plan),
    ),
    row('Memory', memoryText(plan.memoryBytes), memoryDetails(plan)),
    row(
      'Trained',
      `${parametersText(plan.trainedParameters)} parameters`,
      plan.trainedParameters === plan.parameters ? null : `of ${parametersText(plan.parameters)}`,
    ),
  ];

  function costRow(): PlanRow {
    if (costRate.kind === 'none') return row('Cost', 'not counted');
    if (plan.cost === null) return row('Cost', 'known with the time');
    const perEpoch = plan.cost / Math.max(1, plan.epochs * plan.runs);
    return row(
      'Cost',
      `${moneyText(perEpoch, currency)} per epoch`,
      plan.runs > 1
        ? totalText((money) => moneyText(money, currency), plan.cost)
        : `${moneyText(plan.cost, currency)} in all`,
    );
  }

  /** Of several runs what each comes to, and all. */
  function totalText(text: (amount: number) => string, amount: number): string {
    if (!alike) return `${text(amount)}${all}`;
    return plan.runs > 1 ? `${text(amount / plan.runs)} a run, ${text(amount)}${all}` : text(amount);
  }
}

/** Whether what is going to be written does not fit on the disk. */
export function lacksDisk(plan: RunPlan | undefined): boolean {
  return plan !== undefined && neededBytes(plan) > plan.freeDiskBytes;
}

/** Whether runs differ by their captions alone, so that each takes as long as the others. */
function areAlike({ each }: RunPlan): boolean {
  return each.every(({ steps, diskBytes }) => steps === each[0]?.steps && diskBytes === each[0].diskBytes);
}

/** Prepared images are in the cache once, however many runs there are. */
function neededBytes({ each, diskBytes, cacheBytes, runs }: RunPlan): number {
  const kept = each.length > 0 ? each.reduce((sum, run) => sum + run.diskBytes, 0) : diskBytes * runs;
  return kept + cacheBytes;
}

/** Of several runs what each comes to: `38 images, 400 steps, 3 min`. */
export function eachRun({ each }: RunPlan): readonly { readonly name: string; readonly text: string }[] {
  return each.map(({ name, images, steps, seconds }) => ({
    name,
    text: [
      countOf(images, 'image'),
      countOf(steps, 'step'),
      ...(seconds === null ? [] : [durationText(seconds)]),
    ].join(', '),
  }));
}

function bucketText({ buckets, resolution }: RunPlan): string {
  const [only] = buckets;
  if (only === undefined) return `${resolution} px`;
  return buckets.length === 1
    ? `${only.width} × ${only.height} px`
    : `${buckets.length} buckets around ${resolution} px`;
}

function classText({ classImages }: RunPlan): readonly string[] {
  if (classImages === null) return [];
  const text = countOf(classImages.count, 'class image');
  return [classImages.made ? `${text}, made first where missing` : text];
}

function memoryDetails({ memoryBytes, memoryParts }: RunPlan): string {
  const fits = memoryParts === null ? null : fitsIn(memoryBytes);
  return [...(fits ? [fits] : []), memoryNote(memoryParts)].join('; ');
}
