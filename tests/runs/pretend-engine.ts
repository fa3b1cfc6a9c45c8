import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Engine, ResultOf, RunOptions } from '../../electron/engine/engine.ts';
import {
  checkpointsName,
  epochName,
  epochOf,
  metricsName,
  stateName,
  stateStepName,
  stateStepOf,
} from '../../native/facts/run-folder.ts';
import { Failure } from '../../native/failure.ts';
import type { ExportJob, GenerateJob, InfoJob, Job, TrainJob } from '../../native/jobs.ts';
import { writeWeights } from './example-run.ts';

export interface PretendOptions {
  /** Milliseconds. */
  readonly perStep?: number;
  readonly perPicture?: number;
  /** What a step says it took; left out, as long as it does. */
  readonly secondsPerStep?: number;
  /** Called before a step is done; what it throws, the engine ends with. */
  readonly onStep?: (job: TrainJob, step: number) => void;
  /** What it throws, the job fails with. */
  readonly onPicture?: (prompt: string, job: GenerateJob) => void;
}

/** What the engine was asked to do and when, as `train 1: 0-3`, `generate: red 0`. */
export interface PretendEngine {
  readonly engine: Engine;
  readonly history: string[];
  /** Jobs under way at this moment. */
  readonly underWay: Set<Job['kind']>;
}

/** Trains by counting: it keeps to the engine's promises about stops, kills, states and checkpoints, without a model. */
export function pretendEngine(options: PretendOptions = {}): PretendEngine {
  const history: string[] = [];
  const underWay = new Set<Job['kind']>();
  const run = async (job: Job, how: RunOptions = {}): Promise<unknown> => {
    if (how.kill?.aborted === true) throw killed();
    underWay.add(job.kind);
    try {
      switch (job.kind) {
        case 'train':
          return await train(job, how, options, history);
        case 'generate':
          return await generate(job, how, options, history);
        case 'export':
          return exportModel(job);
        case 'info':
          return info(job);
      }
    } finally {
      underWay.delete(job.kind);
    }
  };
  return { engine: { run: run as Engine['run'] }, history, underWay };
}

const stepsPerEpoch = 5;

async function train(
  job: TrainJob,
  { onEvent, stop, kill }: RunOptions,
  { perStep = 2, secondsPerStep = perStep / 1000, onStep }: PretendOptions,
  history: string[],
): Promise<ResultOf<TrainJob>> {
  const { epochs, checkpointEpochs, batchSize } = job.settings;
  const states = join(job.folder, stateName);
  const before = existsSync(states) ? readdirSync(states).map(stateStepOf) : [];
  const begun = Math.max(0, ...before.filter((step) => step !== null));
  const save = (step: number) => {
    // Whole or not at all, as the engine's is.
    const state = join(states, stateStepName(step));
    if (existsSync(state)) return;
    mkdirSync(`${state}.partial`, { recursive: true });
    writeFileSync(join(`${state}.partial`, 'weights'), 'weights');
    renameSync(`${state}.partial`, state);
    for (const old of readdirSync(states))
      if (old !== stateStepName(step)) rmSync(join(states, old), { recursive: true });
  };
  let step = begun;
  const result = (end: 'finished' | 'stopped') => {
    history.push(`train ${basename(job.folder)}: ${begun}-${step}`);
    const epoch = Math.floor(step / stepsPerEpoch);
    return { kind: 'train', end, step, epoch, trainLoss: 1 / (epoch + 1), validationLoss: null } as const;
  };
  const notes = ['CUDA is not used: there is no driver.'];
  onEvent?.({ type: 'device', provider: 'cpu', notes });
  for (const message of notes) onEvent?.({ type: 'note', message });
  onEvent?.({ type: 'progress', phase: 'loading', done: 0, total: 1 });
  const totalSteps = epochs * stepsPerEpoch;
  while (step < totalSteps) {
    if (stop?.aborted === true) {
      save(step);
      return result('stopped');
    }
    await sleep(perStep);
    if (kill?.aborted === true) throw killed();
    onStep?.(job, step + 1);
    step += 1;
    const epoch = Math.ceil(step / stepsPerEpoch);
    const metric = {
      type: 'step',
      epoch,
      step,
      totalSteps,
      loss: 1 / step,
      gradientNorm: 1,
      learningRate: 1e-3,
      seconds: secondsPerStep,
      images: batchSize,
    } as const;
    appendFileSync(join(job.folder, metricsName), `${JSON.stringify(metric)}\n`);
    onEvent?.(metric);
    if (step % stepsPerEpoch !== 0) continue;
    const ended = { type: 'epoch', epoch, trainLoss: 1 / (epoch + 1), validationLoss: null } as const;
    appendFileSync(join(job.folder, metricsName), `${JSON.stringify(ended)}\n`);
    if (checkpointEpochs.includes(epoch)) {
      const folder = join(job.folder, checkpointsName, epochName(epoch));
      writeWeights(folder, `epoch ${epoch}`);
      onEvent?.({ type: 'checkpoint', epoch, folder });
      save(step);
    }
    onEvent?.(ended);
  }
  return result('finished');
}

async function generate(
  job: GenerateJob,
  { onEvent, stop }: RunOptions,
  { perPicture = 1, onPicture }: PretendOptions,
  history: string[],
): Promise<ResultOf<GenerateJob>> {
  let made = 0;
  for (const [index, { prompt, model, output }] of job.pictures.entries()) {
    await sleep(perPicture);
    if (stop?.aborted === true) break;
    onPicture?.(prompt, job);
    mkdirSync(dirname(output), { recursive: true });
    writeFileSync(output, prompt);
    history.push(`generate: ${prompt} ${epochOf(basename(model.checkpoint ?? '')) ?? 0}`);
    onEvent?.({ type: 'picture', index, output });
    made += 1;
  }
  return { kind: 'generate', pictures: made, seconds: 0 };
}

function exportModel({ output }: ExportJob): ResultOf<ExportJob> {
  writeWeights(output);
  return { kind: 'export', output, bytes: 7 };
}

function info({ path: model }: InfoJob): ResultOf<InfoJob> {
  const part = (name: string, parameters: number) => ({ name, className: name, parameters, dtype: 'F32' });
  return {
    kind: 'info',
    runtime: 'pretended',
    providers: [],
    notes: [],
    model:
      model === undefined
        ? null
        : {
            path: model,
            components: [part('unet', 1000), part('vae', 100), part('text_encoder', 10)],
            metadata: {},
          },
  };
}

function killed(): Failure {
  return new Failure('engine-killed', 'The engine was killed on request.', 'Resume the run.');
}

/** What an engine that went away without a word is told of as. */
export function died(): Failure {
  return new Failure(
    'engine-died',
    'The engine ended without a result (signal SIGKILL).',
    'Use a smaller batch.',
  );
}
