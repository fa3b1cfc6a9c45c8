import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { stepsPerEpoch } from '../facts/epoch-steps.ts';
import { checkpointsName, epochName, epochOf, metricsName } from '../facts/run-folder.ts';
import { Failure } from '../failure.ts';
import { makeFolder, removePartialWrites, writeFileAtomic, writeFolderAtomic } from '../files/atomic-file.ts';
import type { JsonObject } from '../files/json-file.ts';
import type { JobContext, JobEvent, TrainJob, TrainResult } from '../jobs.ts';
import { besideClassImages } from './class-order.ts';
import { planEpoch, type StepPlan } from './data-order.ts';
import { afterCheckpoint, endsEarly, waitsAnew } from './early-stopping.ts';
import { hasFiniteLosses, judge } from './held-out-loss.ts';
import { learningRateOf } from './learning-rate.ts';
import { type MetricsLog, openMetricsLog } from './metrics-log.ts';
import {
  beginning,
  findState,
  mismatch,
  type Position,
  restoreState,
  type RunIdentity,
  saveState,
} from './run-state.ts';
import { type SettledStep, stepsUnderWay } from './steps-under-way.ts';
import { beginStep } from './training-step.ts';
import type { TrainingTask } from './training-task.ts';

/**
 * Trains on from the run's newest state, or from the beginning, until the last epoch is done, held-out loss has not
 * fallen for as many checkpoints as the run is to wait, or a stop is asked for; it stops between two steps. Where the trainer runs
 * ahead, a step is begun before the one before it has told its loss; before anything is kept or judged, all have told.
 *
 * @throws Failure `loss-not-finite` or `weights-not-finite` where a number is not finite: the checkpoints and the state
 * written before stay as they are. Also those of `findPosition` and of writing files.
 */
export async function trainingLoop(
  job: TrainJob,
  identity: RunIdentity,
  task: TrainingTask,
  context: JobContext,
): Promise<TrainResult> {
  const { settings, images } = job;
  const { trainer } = task;
  const perEpoch = stepsPerEpoch(images, settings.batchSize, settings.gradientAccumulation);
  const totalSteps = perEpoch * settings.epochs;
  let position = trainedOn(job, await findPosition(job, identity));
  if (position !== beginning) await restoreState(job, trainer, position);
  const log = await openMetricsLog(join(job.folder, metricsName), position);
  let stateSavedAt = performance.now();
  const save = async (): Promise<void> => {
    await log.sync();
    await saveState(job, identity, trainer, position);
    context.emit({ type: 'state', step: position.step });
    stateSavedAt = performance.now();
  };

  const underWay = stepsUnderWay(async (step) => {
    const { loss, lossScale } = step;
    position = {
      ...position,
      step: step.step,
      lossSum: position.lossSum + (loss ?? 0),
      lossCount: position.lossCount + (loss === null ? 0 : 1),
      ...(lossScale && { lossScale }),
    };
    const metric = stepMetric(step, totalSteps);
    await log.write(metric);
    context.emit(metric);
  });

  try {
    if (position.step === 0) await judgeBeginning(task, log, context);
    while (position.epochsDone < settings.epochs && !endsEarly(settings, position.best)) {
      const epoch = position.epochsDone + 1;
      const steps = stepsOf(job, epoch);
      for (let i = position.step - position.epochsDone * perEpoch; i < steps.length; i++) {
        if (context.stop.aborted) {
          await underWay.settle();
          await save();
          return trainResult('stopped', position);
        }
        const started = performance.now();
        const step = position.epochsDone * perEpoch + i + 1;
        const place = { plan: steps[i]!, step, epoch, learningRate: learningRateOf(job, step, totalSteps) };
        const lossScale = underWay.lossScale() ?? position.lossScale;
        try {
          underWay.add({ ...place, begun: await beginStep(task, place, job, lossScale), started });
        } catch (error) {
          // What an earlier step has to tell comes first.
          await underWay.settle();
          throw error;
        }
        await underWay.settle(trainer.runsAhead ? 1 : 0);
        if (performance.now() - stateSavedAt > settings.stateEveryMinutes * 60_000) {
          await underWay.settle();
          await save();
        }
      }
      await underWay.settle();

      const trainLoss = position.lossCount > 0 ? position.lossSum / position.lossCount : null;
      const judgement = await judge(task);
      if (!hasFiniteLosses(judgement)) throw notFinite(position.step, epoch);
      const { validationLoss } = judgement;
      position = { ...position, epochsDone: epoch, lossSum: 0, lossCount: 0, trainLoss, validationLoss };
      const metric = { type: 'epoch', epoch, trainLoss, ...judgement } as const;
      // Before the state: a run killed in between resumes from an older one and writes this line again.
      await log.write(metric);
      const isCheckpoint = settings.checkpointEpochs.includes(epoch);
      if (isCheckpoint) {
        const best = settings.patience ? afterCheckpoint(position.best, epoch, validationLoss) : undefined;
        position = { ...position, ...(best && { best }) };
        const folder = await writeCheckpoint(job, identity, task, position);
        context.emit({ type: 'checkpoint', epoch, folder });
      }
      if (isCheckpoint || epoch === settings.epochs) await save();
      context.emit(metric);
    }
    const { best, epochsDone } = position;
    return {
      ...trainResult('finished', position),
      ...(best && epochsDone < settings.epochs && { bestEpoch: best.epoch }),
    };
  } finally {
    await underWay.over();
    await log.close();
  }
}

function stepMetric(
  { epoch, step, loss, gradientNorm, learningRate, seconds, plan, lossScale }: SettledStep,
  totalSteps: number,
): Extract<JobEvent, { readonly type: 'step' }> {
  return {
    type: 'step',
    epoch,
    step,
    totalSteps,
    loss,
    gradientNorm,
    learningRate,
    seconds,
    images: plan.reduce((sum, batch) => sum + batch.images.length, 0),
    ...(lossScale && { skippedSteps: lossScale.skipped }),
  };
}

/** A run that had ended early, when it is trained on. */
function trainedOn({ settings, extensions }: TrainJob, position: Position): Position {
  const { best, step } = position;
  if (!best || extensions?.at(-1)?.step !== step) return position;
  return { ...position, best: waitsAnew(settings, best) };
}

/** The steps of an epoch, with class images where the job has any. */
export function stepsOf({ images, settings, prior }: TrainJob, epoch: number): readonly StepPlan[] {
  const { batchSize, gradientAccumulation, seed } = settings;
  const steps = planEpoch(images, batchSize, gradientAccumulation, seed, epoch);
  return prior ? besideClassImages(steps, prior.images, seed, epoch) : steps;
}

export function trainResult(end: TrainResult['end'], position: Position): TrainResult {
  const { step, epochsDone: epoch, trainLoss, validationLoss } = position;
  return { kind: 'train', end, step, epoch, trainLoss, validationLoss };
}

/**
 * Judges the weights before the first step, as epoch 0: what training is measured against. No epoch is the better or worse for
 * it, and neither is a checkpoint.
 */
async function judgeBeginning(task: TrainingTask, log: MetricsLog, context: JobContext): Promise<void> {
  if (task.validation.length === 0) return;
  const judgement = await judge(task, (done, total) => {
    context.stop.throwIfAborted();
    context.emit({ type: 'progress', phase: 'measuring held-out loss', done, total });
  });
  if (!hasFiniteLosses(judgement)) {
    context.emit({
      type: 'note',
      message:
        'Before training the loss of the held-out images is not a finite number: epochs cannot be compared with it.',
    });
    return;
  }
  const metric = { type: 'epoch', epoch: 0, trainLoss: null, ...judgement } as const;
  await log.write(metric);
  context.emit(metric);
}

function notFinite(step: number, epoch: number): Failure {
  return new Failure(
    'loss-not-finite',
    `The loss of the held-out images after step ${step} (epoch ${epoch}) is not a finite number.`,
    'Lower the learning rate.',
  );
}

const checkpointsFolder = ({ folder }: TrainJob): string => join(folder, checkpointsName);

/**
 * Where the run stands, once it is sure that what lies in its folder is its own.
 *
 * @throws Failure `resume-mismatch`, `state-unreadable`, `state-missing`
 */
export async function findPosition(job: TrainJob, identity: RunIdentity): Promise<Position> {
  const position = await findState(job, identity);
  if (position.step < (job.extensions?.at(-1)?.step ?? 0)) throw stateGone(job);
  if (position !== beginning) return position;
  const parent = checkpointsFolder(job);
  for (const name of await readdir(parent).catch(() => [])) {
    if (epochOf(name) === null) continue;
    const folder = join(parent, name);
    if (await isOwnCheckpoint(folder, identity)) continue;
    throw mismatch(`${folder} is a checkpoint of a run with other images, captions, settings or base model.`);
  }
  return position;
}

function stateGone({ folder }: TrainJob): Failure {
  return new Failure(
    'state-missing',
    `The run in ${folder} cannot be trained on, because its saved state is gone.`,
    'Restore the folder from a backup, or train from the beginning into a new folder.',
  );
}

async function isOwnCheckpoint(folder: string, { fingerprint, base }: RunIdentity): Promise<boolean> {
  try {
    const file = JSON.parse(await readFile(join(folder, 'checkpoint.json'), 'utf8')) as Partial<RunIdentity>;
    return file.fingerprint === fingerprint && file.base === base;
  } catch {
    return false;
  }
}

async function writeScheduler(folder: string, config: JsonObject): Promise<void> {
  await makeFolder(join(folder, 'scheduler'));
  const text = `${JSON.stringify(config, null, 2)}\n`;
  await writeFileAtomic(join(folder, 'scheduler', 'scheduler_config.json'), text);
}

async function writeCheckpoint(
  job: TrainJob,
  identity: RunIdentity,
  task: TrainingTask,
  { step, epochsDone, trainLoss, validationLoss }: Position,
): Promise<string> {
  const parent = checkpointsFolder(job);
  await makeFolder(parent);
  await removePartialWrites(parent);
  const name = epochName(epochsDone);
  const folder = join(parent, name);
  // A run killed after a checkpoint and before its state comes by here again, with the same weights.
  if ((await readdir(parent)).includes(name)) return folder;
  await writeFolderAtomic(folder, async (target) => {
    await task.writeCheckpoint(target);
    if (task.scheduler) await writeScheduler(target, task.scheduler);
    const content = {
      formatVersion: 1,
      ...identity,
      method: job.method,
      step,
      epoch: epochsDone,
      trainLoss,
      validationLoss,
    };
    await writeFileAtomic(join(target, 'checkpoint.json'), `${JSON.stringify(content, null, 2)}\n`);
  });
  return folder;
}
