import { Failure } from '../failure.ts';
import type { TrainJob } from '../jobs.ts';
import type { Begun } from './begun.ts';
import type { MicroBatch, StepPlan } from './data-order.ts';
import { firstLossScale, type LossScale, nextLossScale } from './loss-scale.ts';
import type { TrainingTask } from './training-task.ts';

export interface StepPlace {
  readonly plan: StepPlan;
  readonly step: number;
  readonly epoch: number;
  readonly learningRate: number;
}

/** What a step came to. `gradientNorm` is null where it was skipped. */
export interface StepOutcome {
  readonly loss: number | null;
  readonly gradientNorm: number | null;
}

export interface BegunStep {
  /** How the next step's loss is scaled, in float16. */
  readonly lossScale?: LossScale;
  /** Throws `loss-not-finite` where a number is not finite. */
  readonly outcome: Promise<StepOutcome>;
  /** Resolves when nothing of it is under way any more. */
  readonly over: Promise<void>;
}

/**
 * Begins a step of the optimizer. Where the trainer runs ahead, this resolves while the device is still at it, so that the next may
 * be begun; else all of it is done.
 */
export async function beginStep(
  { trainer, prepare }: TrainingTask,
  { plan, step, epoch, learningRate }: StepPlace,
  { settings }: TrainJob,
  lossScale: LossScale = firstLossScale,
): Promise<BegunStep> {
  if (trainer.scalesLoss) trainer.scaleLoss(lossScale.scale);
  const count = plan.reduce((sum, batch) => sum + batch.images.length, 0);
  // An optimizer counts the steps it takes.
  const taken = step - (trainer.scalesLoss ? lossScale.skipped : 0);
  // Grows towards the full decay, so that a short run's average does not cling to where it began.
  const emaDecay = Math.min(settings.emaDecay, (1 + taken) / (10 + taken));
  const rates = { step: taken, learningRate, emaDecay };
  const parts: { readonly batch: MicroBatch; readonly loss: Begun }[] = [];
  const lossOf = async ({ batch, loss }: (typeof parts)[number]): Promise<number> => {
    const value = await loss.value;
    if (Number.isFinite(value) || trainer.scalesLoss) return value;
    throw notFinite('loss', step, epoch, batch);
  };
  const over = async (...begun: readonly Begun[]): Promise<void> => {
    await Promise.all([...parts.map(({ loss }) => loss), ...begun].map((one) => one.over));
  };
  try {
    let firstIndex = 0;
    for (const batch of plan) {
      const { shape, data } = await prepare(batch, { step, firstIndex, share: 1 / count });
      const part = { batch, loss: await trainer.beginBackward(shape, data, firstIndex === 0, rates) };
      parts.push(part);
      if (!trainer.runsAhead) await lossOf(part);
      firstIndex += batch.images.length;
    }
    const update = await trainer.beginUpdate(taken, learningRate, emaDecay);
    const next = trainer.scalesLoss ? nextLossScale(lossScale, !Number.isFinite(update.known)) : undefined;
    if (next === null) throw neverFinite(step, epoch);
    const outcome = (async (): Promise<StepOutcome> => {
      let loss = 0;
      for (const part of parts) loss += await lossOf(part);
      const gradientNorm = await update.value;
      const isFinite = Number.isFinite(gradientNorm);
      if (!trainer.scalesLoss && !isFinite) throw notFinite('gradient', step, epoch, ...plan);
      return {
        loss: Number.isFinite(loss) ? loss : null,
        gradientNorm: isFinite ? gradientNorm : null,
      };
    })();
    outcome.catch(() => undefined);
    return { ...(next && { lossScale: next }), outcome, over: over(update) };
  } catch (error) {
    await over();
    throw error;
  }
}

function neverFinite(step: number, epoch: number): Failure {
  return new Failure(
    'loss-not-finite',
    `Training in half precision (float16) has broken down: for some steps the gradients have not been finite numbers (step ${step}, epoch ${epoch}).`,
    'Train in float32, or lower the learning rate.',
  );
}

function notFinite(what: string, step: number, epoch: number, ...batches: readonly MicroBatch[]): Failure {
  const names = batches.flatMap(({ images, classImages = [] }) =>
    [...images, ...classImages].map(({ id }) => id),
  );
  return new Failure(
    'loss-not-finite',
    `The ${what} of step ${step} (epoch ${epoch}) is not a finite number; the images were ${names.join(', ')}.`,
    'Lower the learning rate, or check whether one of these images is damaged.',
  );
}
