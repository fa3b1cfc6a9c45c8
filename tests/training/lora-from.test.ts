import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { beforeAll, describe, expect, test } from 'vitest';

import { checkLoraBeginning } from '../../electron/runs/lora-beginning.ts';
import type { JobEvent, Method, TrainingImage, TrainingSettings, TrainJob } from '../../native/jobs.ts';
import { runJob } from '../../native/run-job.ts';
import { temporaryFolder } from '../images/pictures.ts';
import {
  drawImages,
  failureOf,
  hashTree,
  stepsOf,
  tinyJob,
  trainHere,
  writeTinyModel,
} from './tiny-model.ts';

const folder = temporaryFolder();
const at = (...parts: string[]): string => join(folder.path, ...parts);
let images: TrainingImage[];
let made: string;
let madeLosses: number[];

const lora = (changes: Partial<Extract<Method, { kind: 'lora' }>> = {}): Method => ({
  ...{ kind: 'lora', textEncoder: true, rank: 2, alpha: 3 },
  ...changes,
});

function jobOf(
  name: string,
  method: Method,
  changes: Partial<TrainingSettings> = {},
  parts: Partial<TrainJob> = {},
): TrainJob {
  return tinyJob(
    {
      ...{ folder: at(name), cacheFolder: at('cache'), base: at('base'), method },
      ...{ images: images.slice(0, 4), validation: images.slice(4), ...parts },
    },
    { learningRate: 1e-2, ...changes },
  );
}

const validationOf = (events: readonly JobEvent[]): number[] =>
  events.flatMap((event) => (event.type === 'epoch' ? [event.validationLoss!] : []));

/** Steps so small that they change nothing that float32 holds. */
const still = { learningRate: 1e-20, epochs: 1, checkpointEpochs: [1] };

beforeAll(async () => {
  await writeTinyModel(at('base'));
  images = await drawImages(at('images'), 6);
  const { events } = await trainHere(jobOf('first', lora()));
  madeLosses = validationOf(events);
  made = at('first', 'checkpoints', 'epoch-0002', 'lora.safetensors');
});

describe('training that begins with a LoRA', () => {
  test('goes on from where that stands', async () => {
    const { events } = await trainHere(jobOf('on', lora({ from: made }), still));
    // The held-out noise is the same in every run; the file holds float32, so that nothing is lost.
    expect(new Set(validationOf(events))).toEqual(new Set([madeLosses.at(-1)]));
    const fresh = await trainHere(jobOf('fresh', lora(), still));
    expect(validationOf(fresh.events)[0]).not.toBeCloseTo(madeLosses.at(-1)!, 4);
  });

  test('has the losses of a model that the LoRA is merged into', async () => {
    const { events } = await trainHere(jobOf('from', lora({ from: made })));
    await runJob(
      {
        ...{ kind: 'export', format: 'diffusers', output: at('merged'), precision: 'float32', metadata: {} },
        model: { base: at('base'), loras: [{ file: made, strength: 1 }] },
      },
      { emit: () => undefined, stop: new AbortController().signal },
    );
    const merged = await trainHere(jobOf('over merged', lora(), {}, { base: at('merged') }));
    const plain = await trainHere(jobOf('over base', lora()));
    const first = (of: readonly JobEvent[]): number => stepsOf(of)[0]!.loss!;
    // Two products and their sum, rather than one product.
    expect(first(events)).toBeCloseTo(first(merged.events), 5);
    expect(Math.abs(first(events) - first(plain.events))).toBeGreaterThan(1e-3);
  });

  test('does the same to the model with another alpha', async () => {
    const { events } = await trainHere(jobOf('alpha', lora({ from: made, alpha: 12 }), still));
    expect(validationOf(events)[0]).toBeCloseTo(madeLosses.at(-1)!, 6);
  });

  test('goes on from one whose blocks and convolutions differ in rank', async () => {
    const mixed = { convRank: 1, blockRanks: { up: 4, textEncoder: 3 } };
    const first = await trainHere(jobOf('mixed', lora(mixed)));
    const from = at('mixed', 'checkpoints', 'epoch-0002', 'lora.safetensors');
    const spec = { kind: 'lora', textEncoder: true, rank: 2, from } as const;
    await checkLoraBeginning({ ...spec, ...mixed });
    const refused = await failureOf(checkLoraBeginning({ ...spec, convRank: 1 }));
    expect([refused.code, refused.message, refused.hint]).toEqual([
      'lora-rank',
      expect.stringContaining('has ranks 1 to 4, the run has ranks 1 to 2.'),
      expect.stringContaining('1, 2, 3, 4'),
    ]);
    const { events } = await trainHere(jobOf('mixed on', lora({ ...mixed, from }), still));
    expect(validationOf(events)[0]).toBe(validationOf(first.events).at(-1));
    const elsewhere = { convRank: 1, blockRanks: { down: 4, textEncoder: 3 } };
    const unlike = await failureOf(trainHere(jobOf('mixed unlike', lora({ ...elsewhere, from }), still)));
    expect(unlike.code).toBe('lora-rank');
  });

  test('needs its rank, and all that it is on', async () => {
    const rank = await failureOf(trainHere(jobOf('rank', lora({ from: made, rank: 4 }))));
    expect([rank.code, rank.hint]).toEqual(['lora-rank', 'Train with the rank 2.']);
    const part = await failureOf(trainHere(jobOf('part', lora({ from: made, textEncoder: false }))));
    expect([part.code, part.hint]).toEqual(['lora-untrained', 'Train the text encoder too.']);
  });

  test('ends with the same bytes when it was stopped, and needs the file no more', async () => {
    const file = at('copy.safetensors');
    await cp(made, file);
    const job = (name: string): TrainJob => jobOf(name, lora({ from: file }));
    await trainHere(job('whole'));
    const stop = new AbortController();
    const stopped = await trainHere(
      job('stopped'),
      (event) => {
        if (event.type === 'step' && event.step === 1) stop.abort();
      },
      stop.signal,
    );
    expect(stopped.result.end).toBe('stopped');
    await rm(file);
    expect((await trainHere(job('stopped'))).result.end).toBe('finished');
    expect(await hashTree(at('stopped', 'checkpoints'))).toEqual(await hashTree(at('whole', 'checkpoints')));
  });
});
