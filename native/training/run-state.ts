import { createHash } from 'node:crypto';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { settingsOnceBeside } from '../facts/optimizers.ts';
import { stateName, stateStepName, stateStepOf } from '../facts/run-folder.ts';
import { Failure } from '../failure.ts';
import { makeFolder, removePartialWrites, writeFileAtomic, writeFolderAtomic } from '../files/atomic-file.ts';
import { obstacleOf } from '../files/obstacle.ts';
import { elementCount } from '../graph/data-type.ts';
import type { TrainingSettings, TrainJob } from '../jobs.ts';
import type { Parameter } from '../models/parameter.ts';
import type { StateKind } from '../optimizers/optimizer.ts';
import { openSafetensors, writeSafetensors } from '../weights/safetensors.ts';
import type { BestCheckpoint } from './early-stopping.ts';
import { fileShape, keptLength } from './kept-tensors.ts';
import type { LossScale } from './loss-scale.ts';
import type { Trainer } from './trainer.ts';

/** Where a run stands after an optimizer step. All randomness is a function of it, so there is nothing else to keep. */
export interface Position {
  /** Optimizer steps done. */
  readonly step: number;
  /** Epochs whose end was reached, validation and checkpoint included. */
  readonly epochsDone: number;
  /** Sum and count of the step losses of the epoch under way. */
  readonly lossSum: number;
  readonly lossCount: number;
  /** Of the last epoch done. */
  readonly trainLoss: number | null;
  readonly validationLoss: number | null;
  /** Of a run whose gradients are computed in float16. */
  readonly lossScale?: LossScale;
  /** Of a run that may end early. */
  readonly best?: BestCheckpoint;
}

export const beginning: Position = {
  step: 0,
  epochsDone: 0,
  lossSum: 0,
  lossCount: 0,
  trainLoss: null,
  validationLoss: null,
};

/** What a state must have been made of to be continued. */
export interface RunIdentity {
  /** Of everything of the job but where it runs and lies. */
  readonly fingerprint: string;
  /** Of what of the base stays as it is while training: see `baseIdentity`. */
  readonly base: string;
}

interface StateFile extends Position, RunIdentity {
  readonly formatVersion: 1;
}

/** A run that is trained on stays the run that it began as, so that its states and checkpoints are known again. */
export function jobFingerprint({
  method,
  settings,
  images,
  validation,
  prior,
  loraWas,
  extensions = [],
}: TrainJob): string {
  const identity = ({ id, captions, width, height, repeats, mask }: TrainJob['images'][number]) => [
    ...[id, captions, width, height, repeats],
    ...(mask === undefined ? [] : ['masked']),
  ];
  const asBegun = { ...settings, ...extensions[0]?.planned };
  const content = [
    ...[
      loraWas === undefined ? method : { ...method, from: loraWas },
      decisive(asBegun),
      images.map(identity),
      validation.map(identity),
    ],
    // Those that the base makes follow from how they are made.
    ...(prior ? [[prior.weight, prior.images.map(identity), prior.making ?? null]] : []),
  ];
  return createHash('sha256').update(JSON.stringify(content)).digest('hex');
}

/**
 * AdamW's settings stand where they did before jobs named their optimizer, and choices that came later stand nowhere where they
 * are the usual ones, so that runs from before there was a choice are known again.
 */
function decisive({
  stateEveryMinutes: _,
  // It decides what a step takes, and nothing of what is learned.
  imagesAtOnce: _atOnce,
  precision = 'auto',
  fusedBackward = false,
  ...others
}: TrainingSettings): Record<string, unknown> {
  const settings = {
    ...others,
    ...(precision !== 'auto' && { precision }),
    ...(fusedBackward && { fusedBackward }),
  };
  const { optimizer } = settings;
  const entries = Object.entries(settings).flatMap(([name, value]): [string, unknown][] =>
    name === 'optimizer' && optimizer?.kind === 'adamw'
      ? settingsOnceBeside.map((setting) => [setting, optimizer[setting]])
      : [[name, value]],
  );
  return Object.fromEntries(entries);
}

const stateFolder = ({ folder }: TrainJob): string => join(folder, stateName);

/**
 * Writes a state whole, then removes the older ones.
 *
 * @throws Failure `weights-not-finite`, `write-failed`; the state before is kept
 */
export async function saveState(
  job: TrainJob,
  identity: RunIdentity,
  trainer: Trainer,
  position: Position,
): Promise<void> {
  const folder = stateFolder(job);
  await makeFolder(folder);
  const name = stateStepName(position.step);
  const before = await readdir(folder);
  if (before.includes(name)) {
    // The same step gives the same tensors; only whether its epoch was closed can differ.
    await writeStateFile(join(folder, name), identity, position);
  } else {
    await writeFolderAtomic(join(folder, name), async (target) => {
      const tensors = trainer.kept.map(({ kind, name: tensor, form }) => ({
        name: `${kind}/${tensor}`,
        dtype: form.type === 'uint8' ? ('U8' as const) : ('F32' as const),
        shape: fileShape(form),
        data: () =>
          form.type === 'uint8'
            ? trainer.readState(kind, tensor, new Uint8Array(keptLength(form)))
            : readFinite(trainer, kind, { name: tensor, shape: form.shape }),
      }));
      await writeSafetensors(join(target, 'tensors.safetensors'), tensors);
      await writeStateFile(target, identity, position);
    });
  }
  for (const old of before) if (old !== name) await rm(join(folder, old), { recursive: true, force: true });
}

/**
 * Reads a tensor of the training state to be kept. A loss tells of broken weights only at the step after.
 *
 * @throws Failure `weights-not-finite`
 */
export async function readFinite(
  trainer: Trainer,
  kind: StateKind,
  { name, shape }: Pick<Parameter, 'name' | 'shape'>,
): Promise<Float32Array<ArrayBuffer>> {
  const data = await trainer.readState(kind, name, new Float32Array(elementCount(shape)));
  if (data.every(Number.isFinite)) return data;
  throw new Failure(
    'weights-not-finite',
    `Training has broken ${name}: it holds numbers that are not finite.`,
    'Train again with a lower learning rate.',
  );
}

async function writeStateFile(folder: string, identity: RunIdentity, position: Position): Promise<void> {
  const content: StateFile = { formatVersion: 1, ...identity, ...position };
  await writeFileAtomic(join(folder, 'state.json'), `${JSON.stringify(content)}\n`);
}

/**
 * Where the run's newest complete state stands; `beginning` where there is none.
 *
 * @throws Failure `resume-mismatch` where the state belongs to another plan or base, `state-unreadable`
 */
export async function findState(job: TrainJob, identity: RunIdentity): Promise<Position> {
  const folder = stateFolder(job);
  const name = await newestState(folder);
  if (name === null) return beginning;
  const path = join(folder, name);
  const file = await readStateFile(join(path, 'state.json'));
  if (file.fingerprint !== identity.fingerprint) {
    throw mismatch(`The state in ${path} belongs to a run with other images, captions or settings.`);
  }
  if (file.base !== identity.base) {
    throw mismatch(`The state in ${path} belongs to a run on another base model than ${job.base} is now.`);
  }
  const { step, epochsDone, lossSum, lossCount, trainLoss = null, validationLoss = null } = file;
  const { lossScale, best } = file;
  return {
    ...{ step, epochsDone, lossSum, lossCount, trainLoss, validationLoss },
    ...(lossScale && { lossScale }),
    ...(best && { best }),
  };
}

export function mismatch(message: string): Failure {
  return new Failure(
    'resume-mismatch',
    message,
    'Resume with what the run began with, or train into a new folder.',
  );
}

/** Puts the tensors of the state that `findState` found into the trainer. */
export async function restoreState(job: TrainJob, trainer: Trainer, { step }: Position): Promise<void> {
  const path = join(stateFolder(job), stateStepName(step), 'tensors.safetensors');
  const tensors = await openSafetensors(path);
  try {
    for (const { kind, name, form } of trainer.kept) {
      const key = `${kind}/${name}`;
      const entry = tensors.tensors.get(key);
      if (form.type !== 'uint8') trainer.writeState(kind, name, await tensors.readAs(key, 'float32'));
      // Blocks of 8-bit numbers cannot be turned as numbers can: they share a scale.
      else if (entry?.shape.join() === fileShape(form).join())
        trainer.writeState(kind, name, new Uint8Array(await tensors.read(key)));
      else throw otherOrder(path);
    }
  } finally {
    await tensors.close();
  }
}

function otherOrder(path: string): Failure {
  return new Failure(
    'resume-mismatch',
    `The 8-bit numbers in ${path} were saved on another kind of device, which orders them differently.`,
    'Resume on the device the run began on, or train into a new folder.',
  );
}

async function newestState(folder: string): Promise<string | null> {
  const names = await readdir(folder).catch(() => []);
  if (names.length > 0) await removePartialWrites(folder);
  const complete = names.filter((name) => stateStepOf(name) !== null).sort();
  return complete.at(-1) ?? null;
}

type ReadStateFile = Omit<StateFile, 'trainLoss' | 'validationLoss'> & Partial<StateFile>;

async function readStateFile(path: string): Promise<ReadStateFile> {
  try {
    const file = JSON.parse(await readFile(path, 'utf8')) as Partial<StateFile>;
    if (file.formatVersion === 1 && Number.isSafeInteger(file.step)) return file as ReadStateFile;
  } catch (error) {
    const obstacle = obstacleOf(error);
    if (obstacle === null) throw unreadable(path, error);
    const message = `The state ${path} cannot be read: ${obstacle.reason}.`;
    throw new Failure('state-unreadable', message, obstacle.hint, error);
  }
  throw unreadable(path);
}

function unreadable(path: string, cause?: unknown): Failure {
  return new Failure(
    'state-unreadable',
    `${path} is not a state this version of Screenfold wrote.`,
    'Restore the folder from a backup, or train from the beginning into a new folder.',
    cause,
  );
}
