import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { z } from 'zod';

import { isModelNote } from '../../native/facts/model-formats.ts';
import { withOptimizer } from '../../native/facts/optimizers.ts';
import {
  artifactsName,
  checkpointsName,
  classImagesName,
  epochName,
  epochOf,
  imageFilesName,
  metricsName,
  stateName,
  stateStepOf,
} from '../../native/facts/run-folder.ts';
import { Failure } from '../../native/failure.ts';
import { writeFileAtomic } from '../../native/files/atomic-file.ts';
import { bytesOnDisk } from '../../native/files/bytes-on-disk.ts';
import { obstacleOf, systemCode } from '../../native/files/obstacle.ts';
import type { ModelReference, TrainJob, TrainResult } from '../../native/jobs.ts';
import { explainIssues } from '../contract/explain-issues.ts';
import { optimizerSchema } from '../contract/optimizer-spec.ts';
import { runSpecSchema, schedules } from '../contract/run-spec.ts';
import type { ResolvedRunSpec } from './read-run-spec.ts';
import { pathsAsRead, pathsToWrite } from './run-paths.ts';

/** A spec with everything settled that the base and the data decide. */
export type PlannedRunSpec = ResolvedRunSpec & { readonly resolution: number };

/**
 * A training run on disk. Its folder holds `run.json` (what was asked for), `outcome.json` (how it ended, once it
 * did), and from the engine `metrics.jsonl`, `checkpoints/epoch-0005/` and `state/`; `samples/` and `exports/`
 * are made from it.
 */
export interface Run {
  readonly folder: string;
  readonly spec: PlannedRunSpec;
  readonly job: TrainJob;
}

const runFile = 'run.json';
const outcomeFile = 'outcome.json';
const formatVersion = 1;

const image = z.looseObject({ id: z.string(), path: z.string(), captions: z.array(z.string()).min(1) });
const planned = { epochs: z.int(), checkpointEpochs: z.array(z.int()) };
const extension = z.looseObject({
  step: z.int().min(0),
  planned: z.looseObject(planned),
  rates: z
    .looseObject({
      learningRate: z.number().positive(),
      schedule: z.looseObject({ kind: z.enum(schedules), warmupSteps: z.int().min(0) }),
    })
    .optional(),
});
const runSchema = z.looseObject({
  formatVersion: z.literal(formatVersion),
  spec: runSpecSchema.required({ name: true, folder: true, resolution: true }),
  job: z.looseObject({
    kind: z.literal('train'),
    folder: z.string(),
    cacheFolder: z.string(),
    base: z.string(),
    method: z.looseObject({ kind: z.string() }),
    settings: z.looseObject({ ...planned, optimizer: optimizerSchema.optional() }),
    images: z.array(image),
    validation: z.array(image),
    extensions: z.array(extension).optional(),
    prior: z.looseObject({ weight: z.number(), images: z.array(image) }).optional(),
  }),
});

/** Makes the run's folder with `run.json` in it; throws `run-exists` where a run lies there already. */
export async function createRun(run: Run): Promise<void> {
  const { folder } = run;
  if (await isRunFolder(folder)) {
    throw new Failure('run-exists', `${folder} already holds a run.`, 'Choose another name or folder.');
  }
  await mkdir(folder, { recursive: true });
  await rewriteRun(run);
}

/** Writes `run.json` of a run whose plan has changed, whole or not at all. */
export async function rewriteRun(run: Run): Promise<void> {
  const { folder } = run;
  const { spec, job } = pathsToWrite(folder, run);
  await writeFileAtomic(join(folder, runFile), `${JSON.stringify({ formatVersion, spec, job }, null, 2)}\n`);
}

/** What lies in a run's folder before anything is trained, besides locks and what is said of its base. */
const beforeTraining: readonly string[] = [runFile, artifactsName, imageFilesName, `${classImagesName}.json`];

/** Whether anything has come of a run, be it half-written. */
export async function hasBegun(folder: string): Promise<boolean> {
  const names = await readdir(folder);
  return names.some(
    (name) => !beforeTraining.includes(name) && !name.endsWith('.lock') && !isModelNote(name),
  );
}

/** Puts a run in the place of one that has not begun. */
export async function replaceRun(run: Run): Promise<void> {
  for (const name of beforeTraining.filter((other) => other !== runFile))
    await rm(join(run.folder, name), { recursive: true, force: true });
  await rewriteRun(run);
}

/** When `run.json` was last written, as far as one can tell; null where there is none. */
export async function runFileStamp(folder: string): Promise<string | null> {
  const found = await stat(join(folder, runFile)).catch(() => null);
  return found === null ? null : `${found.mtimeMs} ${found.size} ${found.ino}`;
}

export async function isRunFolder(folder: string): Promise<boolean> {
  return (await readText(join(folder, runFile))) !== null;
}

/** Throws `run-missing` where the folder holds no run, `run-invalid` where its `run.json` is not one. */
export async function readRun(folder: string): Promise<Run> {
  const absolute = resolve(folder);
  const file = join(absolute, runFile);
  const text = await readText(file);
  if (text === null) {
    throw new Failure(
      'run-missing',
      `${folder} is not a run: there is no ${runFile} in it.`,
      'Choose a folder made by `screenfold train`.',
    );
  }
  const content = parseOr(text, null);
  const parsed = runSchema.safeParse(content);
  if (!parsed.success) {
    const faults = explainIssues(parsed.error.issues, content, runSchema);
    throw new Failure(
      'run-invalid',
      `${file} is damaged, or is from another version of Screenfold:\n${faults.map((fault) => `  ${fault}`).join('\n')}`,
      'Restore it from a backup, or train again in another folder.',
      parsed.error,
    );
  }
  // The job as written, not as parsed: the engine takes a run up only if it is asked for exactly what it began with.
  const { spec, job } = content as Pick<Run, 'spec' | 'job'>;
  // A run file may leave its training out, and so may one that was changed by hand.
  const written = { spec: { ...spec, train: withOptimizer({ ...spec.train }) }, job };
  // The folder may have been moved since; what lies in it is what counts.
  return { folder: absolute, ...pathsAsRead(absolute, written) };
}

/** How a run's last attempt ended; null before it did. */
export type Outcome = Omit<TrainResult, 'kind'>;

const number = z.number().nullable();
const outcomeSchema = z.object({
  end: z.enum(['finished', 'stopped']),
  step: z.number(),
  epoch: z.number(),
  trainLoss: number,
  validationLoss: number,
  bestEpoch: z.number().optional(),
});

export async function readOutcome(folder: string): Promise<Outcome | null> {
  const text = await readText(join(folder, outcomeFile));
  return text === null ? null : (outcomeSchema.safeParse(parseOr(text, null)).data ?? null);
}

export async function writeOutcome(folder: string, outcome: Outcome): Promise<void> {
  await writeFileAtomic(join(folder, outcomeFile), `${JSON.stringify(outcome, null, 2)}\n`);
}

/** Of a run that goes on. */
export async function removeOutcome(folder: string): Promise<void> {
  await rm(join(folder, outcomeFile), { force: true });
}

export function checkpointFolder(runFolder: string, epoch: number): string {
  return join(runFolder, checkpointsName, epochName(epoch));
}

/** The model as it was after an epoch; epoch 0 is the base alone. */
export function modelAt(run: Run, epoch: number): ModelReference {
  return epoch === 0
    ? { base: run.job.base }
    : { base: run.job.base, checkpoint: checkpointFolder(run.folder, epoch) };
}

/** Optimizer steps of the newest state that the run goes on from; null where there is none. */
export async function stateStep(runFolder: string): Promise<number | null> {
  const names = await readdir(join(runFolder, stateName)).catch(() => []);
  const steps = names.map(stateStepOf).filter((step) => step !== null);
  return steps.length === 0 ? null : Math.max(...steps);
}

/** What that state takes on the disk. */
export function stateBytes(runFolder: string): Promise<number> {
  return bytesOnDisk(join(runFolder, stateName));
}

/** Removes the state that a run goes on from: as large as what it trains several times over. */
export async function removeState(runFolder: string): Promise<void> {
  await rm(join(runFolder, stateName), { recursive: true, force: true });
}

/** Epochs whose checkpoints are whole, in order. */
export async function checkpointEpochs(runFolder: string): Promise<readonly number[]> {
  const names = await readdir(join(runFolder, checkpointsName)).catch(() => []);
  return names
    .map(epochOf)
    .filter((epoch) => epoch !== null)
    .sort((a, b) => a - b);
}

const epochLine = z.object({
  type: z.literal('epoch'),
  epoch: z.int(),
  trainLoss: number,
  validationLoss: number,
  // Runs from before these were measured have none.
  seenLoss: number.optional(),
  validationParts: z.array(z.number()).max(1000).optional(),
});
export type EpochLosses = Omit<z.output<typeof epochLine>, 'type'>;

/** Losses by epoch of `metrics.jsonl`; a line cut off by a crash is passed over. */
export async function readEpochLosses(runFolder: string): Promise<readonly EpochLosses[]> {
  const text = (await readText(join(runFolder, metricsName))) ?? '';
  const losses = new Map<number, EpochLosses>();
  for (const line of text.split('\n')) {
    const { success, data } = epochLine.safeParse(parseOr(line, null));
    // A resumed run writes the epoch it was killed in again.
    if (success) losses.set(data.epoch, data);
  }
  return [...losses.values()].sort((a, b) => a.epoch - b.epoch);
}

async function readText(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(systemCode(error))) return null;
    const obstacle = obstacleOf(error);
    if (obstacle === null) throw error;
    throw new Failure('run-unreadable', `${file} cannot be read: ${obstacle.reason}.`, obstacle.hint, error);
  }
}

function parseOr(text: string, otherwise: unknown): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return otherwise;
  }
}
