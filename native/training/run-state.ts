import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { Failure } from '../failure.ts';
import { elementCount } from '../graph/data-type.ts';
import type { TrainJob } from '../jobs.ts';
import { removePartialWrites, writeFileAtomic, writeFolderAtomic } from '../weights/atomic-file.ts';
import { openSafetensors, writeSafetensors } from '../weights/safetensors.ts';
import type { StateKind, Trainer } from './trainer.ts';

/** Where a run stands after an optimizer step. All randomness is a function of it, so there is nothing else to keep. */
export interface Position {
  /** Optimizer steps done. */
  readonly step: number;
  /** Epochs whose end was reached, validation and checkpoint included. */
  readonly epochsDone: number;
  /** Sum and count of the step losses of the epoch under way. */
  readonly lossSum: number;
  readonly lossCount: number;
}

interface StateFile extends Position {
  readonly formatVersion: 1;
  readonly fingerprint: string;
}

export const beginning: Position = { step: 0, epochsDone: 0, lossSum: 0, lossCount: 0 };

/** What must be the same for a state to be continued: everything of the job but where it runs and lies. */
export function jobFingerprint({ method, settings, images, validation }: TrainJob): string {
  const identity = ({ id, captions, width, height, repeats }: TrainJob['images'][number]) => [
    id,
    captions,
    width,
    height,
    repeats,
  ];
  const { stateEveryMinutes: _, ...decisive } = settings;
  const content = [method, decisive, images.map(identity), validation.map(identity)];
  return createHash('sha256').update(JSON.stringify(content)).digest('hex');
}

const stateName = (step: number): string => `step-${String(step).padStart(8, '0')}`;

function kindsOf(job: TrainJob): readonly StateKind[] {
  return [
    'parameter',
    'firstMoment',
    'secondMoment',
    ...(job.settings.emaDecay > 0 ? (['ema'] as const) : []),
  ];
}

/** Writes a state whole, then removes the older ones. */
export async function saveState(job: TrainJob, trainer: Trainer, position: Position): Promise<void> {
  const folder = join(job.folder, 'state');
  await mkdir(folder, { recursive: true });
  const name = stateName(position.step);
  const before = await readdir(folder);
  if (before.includes(name)) {
    // The same step gives the same tensors; only whether its epoch was closed can differ.
    await writeStateFile(join(folder, name), job, position);
  } else {
    await writeFolderAtomic(join(folder, name), async (target) => {
      const tensors = kindsOf(job).flatMap((kind) =>
        trainer.trainable.map(({ name: parameter, shape }) => ({
          name: `${kind}/${parameter}`,
          dtype: 'F32' as const,
          shape,
          data: () => trainer.readState(kind, parameter, new Float32Array(elementCount(shape))),
        })),
      );
      await writeSafetensors(join(target, 'tensors.safetensors'), tensors);
      await writeStateFile(target, job, position);
    });
  }
  for (const old of before) if (old !== name) await rm(join(folder, old), { recursive: true, force: true });
}

async function writeStateFile(folder: string, job: TrainJob, position: Position): Promise<void> {
  const content: StateFile = { formatVersion: 1, fingerprint: jobFingerprint(job), ...position };
  await writeFileAtomic(join(folder, 'state.json'), `${JSON.stringify(content)}\n`);
}

/**
 * Restores the newest complete state into the trainer and says where it stands; `beginning` where there is none.
 * Throws a Failure where the state belongs to another plan.
 */
export async function restoreState(job: TrainJob, trainer: Trainer): Promise<Position> {
  const folder = join(job.folder, 'state');
  const found = await newestState(folder);
  if (!found) return beginning;
  const { name, file } = found;
  if (file.fingerprint !== jobFingerprint(job)) {
    throw new Failure(
      'resume-mismatch',
      `The state in ${join(folder, name)} belongs to a run with other images, captions or settings.`,
      'Resume with the settings and the data set the run began with, or train into a new folder.',
    );
  }
  const tensors = await openSafetensors(join(folder, name, 'tensors.safetensors'));
  try {
    for (const kind of kindsOf(job)) {
      for (const spec of trainer.trainable) {
        trainer.writeState(kind, spec.name, await tensors.readAs(`${kind}/${spec.name}`, 'float32'));
      }
    }
  } finally {
    await tensors.close();
  }
  const { step, epochsDone, lossSum, lossCount } = file;
  return { step, epochsDone, lossSum, lossCount };
}

async function newestState(folder: string): Promise<{ name: string; file: StateFile } | null> {
  const names = await readdir(folder).catch(() => []);
  if (names.length > 0) await removePartialWrites(folder);
  const complete = names.filter((name) => /^step-\d{8}$/.test(name)).sort();
  const name = complete.at(-1);
  if (name === undefined) return null;
  const path = join(folder, name, 'state.json');
  try {
    const file = JSON.parse(await readFile(path, 'utf8')) as Partial<StateFile>;
    if (file.formatVersion === 1 && Number.isSafeInteger(file.step)) return { name, file: file as StateFile };
  } catch (error) {
    throw unreadable(path, error);
  }
  throw unreadable(path);
}

function unreadable(path: string, cause?: unknown): Failure {
  return new Failure(
    'state-unreadable',
    `${path} is not a state this version of Screenfold wrote.`,
    'Restore the folder from a backup, or remove it to train from the beginning.',
    cause,
  );
}
