import { join } from 'node:path';

import { beforeAll, describe, expect, test } from 'vitest';

import { type OptimizerKind, usualSettings } from '../../native/facts/optimizers.ts';
import type { TrainJob } from '../../native/jobs.ts';
import { beginning, restoreState } from '../../native/training/run-state.ts';
import type { Trainer } from '../../native/training/trainer.ts';
import { openSafetensors } from '../../native/weights/safetensors.ts';
import { temporaryFolder } from '../images/pictures.ts';
import {
  drawImages,
  failureOf,
  hashTree,
  plainUNet,
  stepsOf,
  tinyJob,
  trainHere,
  writeTinyModel,
} from '../training/tiny-model.ts';

const folder = temporaryFolder();
let images: Awaited<ReturnType<typeof drawImages>>;
beforeAll(async () => {
  await writeTinyModel(join(folder.path, 'base'), { unet: plainUNet });
  images = await drawImages(join(folder.path, 'images'), 4);
});

const job = (kind: OptimizerKind, name: string, changes: Partial<TrainJob> = {}): TrainJob =>
  tinyJob(
    { folder: join(folder.path, kind, name), base: join(folder.path, 'base'), images, ...changes },
    {
      epochs: 3,
      checkpointEpochs: [1, 3],
      emaDecay: 0.9,
      learningRate: kind === 'prodigy' ? 1 : 2e-4,
      optimizer: usualSettings(kind),
    },
  );

const filesOf = async ({ folder: run }: TrainJob): Promise<Record<string, string>> => {
  const { 'metrics.jsonl': _, ...files } = await hashTree(run);
  return files;
};

async function stopAfterThree(run: TrainJob): Promise<void> {
  const stop = new AbortController();
  const { result } = await trainHere(
    run,
    (event) => {
      if (event.type === 'step' && event.step === 3) stop.abort();
    },
    stop.signal,
  );
  expect(result.end).toBe('stopped');
}

const stateOf = ({ folder: run }: TrainJob): string =>
  join(run, 'state', 'step-00000003', 'tensors.safetensors');

describe.each([
  ['adamw8bit', ['parameter', 'firstMoment', 'secondMoment', 'firstScale', 'secondScale', 'ema']],
  ['adafactor', ['parameter', 'rows', 'columns', 'secondMoment', 'ema']],
  ['prodigy', ['parameter', 'firstMoment', 'secondMoment', 'gradientSum', 'begin', 'ema', 'shared']],
] as const)('a run with %s', (kind, kinds) => {
  test('stopped and resumed ends with the bytes of one that was left alone', async () => {
    const { events } = await trainHere(job(kind, 'whole'));
    expect(stepsOf(events)).toHaveLength(6);
    const stopped = job(kind, 'stopped');
    await stopAfterThree(stopped);
    const state = await openSafetensors(stateOf(stopped));
    await state.close();
    expect(new Set([...state.tensors.keys()].map((name) => name.split('/')[0]))).toEqual(new Set(kinds));
    await trainHere(stopped);

    const expected = await filesOf(job(kind, 'whole'));
    expect(Object.keys(expected).filter((name) => name.endsWith('.safetensors')).length).toBeGreaterThan(2);
    expect(await filesOf(stopped)).toEqual(expected);
  });
});

describe('moments of 8 bits', () => {
  test('are a byte each in a state, and are not resumed where kernels lie otherwise', async () => {
    const run = job('adamw8bit', 'elsewhere');
    await stopAfterThree(run);
    const state = await openSafetensors(stateOf(run));
    await state.close();
    const bytes = [...state.tensors].filter(([, { dtype }]) => dtype === 'U8');
    expect(bytes.length).toBeGreaterThan(5);
    for (const [, { begin, end, shape }] of bytes) expect(end - begin).toBe(shape.reduce((a, b) => a * b, 1));
    // Another device has other shapes of what lies with its taps first.
    const turned = (shape: readonly number[]): number[] => [...shape].reverse();
    const [key, { shape }] = bytes.find(([, of]) => turned(of.shape).join() !== of.shape.join())!;
    const [kind, ...name] = key.split('/');
    const form = { type: 'uint8' as const, shape: turned(shape) };
    const trainer = { kept: [{ kind, name: name.join('/'), form }] } as unknown as Trainer;
    const failure = await failureOf(restoreState(run, trainer, { ...beginning, step: 3 }));
    expect(failure.code).toBe('resume-mismatch');
  });
});
