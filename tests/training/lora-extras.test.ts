import { join } from 'node:path';

import { beforeAll, describe, expect, test } from 'vitest';

import { openModel } from '../../native/families/open-model.ts';
import type { JobEvent, TrainingImage, TrainingSettings, TrainJob } from '../../native/jobs.ts';
import { runJob } from '../../native/run-job.ts';
import type { LoraMethod } from '../../native/training/lora-plan.ts';
import { rankDropout } from '../../native/training/rank-dropout.ts';
import { readLora } from '../../native/weights/lora-reader.ts';
import { temporaryFolder } from '../images/pictures.ts';
import {
  drawImages,
  failureOf,
  hashTree,
  tinyJob,
  tinyParameters,
  trainHere,
  writeTinyModel,
} from './tiny-model.ts';

const folder = temporaryFolder();
const at = (...parts: string[]): string => join(folder.path, ...parts);
let images: TrainingImage[];

const everything: LoraMethod = {
  ...{ kind: 'lora', textEncoder: true, rank: 4, alpha: 2, convRank: 3, convAlpha: 1, dora: true },
  ...{ blockRanks: { up: 2, textEncoder: 1 }, rankDropout: 0.3, upRate: 4 },
};

function job(
  name: string,
  method: LoraMethod,
  changes: Partial<TrainingSettings> = {},
  parts: Partial<TrainJob> = {},
): TrainJob {
  return tinyJob(
    {
      ...{ folder: at(name), cacheFolder: at('cache'), base: at('base'), method },
      ...{ images: images.slice(0, 4), validation: images.slice(4), ...parts },
    },
    { learningRate: 1e-2, checkpointPrecision: 'float32', ...changes },
  );
}

const heldOut = (events: readonly JobEvent[]): number =>
  events.flatMap((event) => (event.type === 'epoch' ? [event.validationLoss!] : [])).at(-1)!;

/** Steps so small that they change nothing that float32 holds. */
const still = { learningRate: 1e-20, epochs: 1, checkpointEpochs: [1] };
const made = () => at('made', 'checkpoints', 'epoch-0002', 'lora.safetensors');
let loss: number;

beforeAll(async () => {
  await writeTinyModel(at('base'));
  images = await drawImages(at('images'), 6);
  loss = heldOut((await trainHere(job('made', everything))).events);
});

describe('a DoRA on convolutions, in ranks by block, with dropout and LoRA+', () => {
  test('has learned something, and is in its file as it was trained', async () => {
    const fresh = heldOut((await trainHere(job('fresh', everything, still))).events);
    expect(loss).not.toBeCloseTo(fresh, 4);
    const plain: LoraMethod = { kind: 'lora', textEncoder: true, rank: 4, alpha: 4 };
    // With nothing learned yet, it is the base; ranks are left out in training alone.
    expect(fresh).toBeCloseTo(heldOut((await trainHere(job('plain', plain, still))).events), 6);
    const model = await openModel({ base: at('base') });
    const { modules } = await readLora(made(), model.adapters.layout());
    await model.close();
    const found = (end: string) => modules.find(({ module }) => module.endsWith(end));
    expect(found('mid_block.resnets.0.conv1')).toMatchObject({ rank: 3, alpha: 1, kernel: [3, 3] });
    expect(found('mid_block.resnets.0.time_emb_proj')).toMatchObject({ rank: 4, alpha: 2, kernel: [] });
    expect(found('down_blocks.0.downsamplers.0.conv')).toMatchObject({ rank: 3, kernel: [3, 3] });
    expect(found('up_blocks.1.attentions.0.proj_in')).toMatchObject({ rank: 2, alpha: 1 });
    expect(modules.find(({ component }) => component === 'text_encoder')).toMatchObject({
      rank: 1,
      alpha: 0.5,
    });
    expect(modules.every(({ magnitude, up, rank }) => magnitude?.length === up.length / rank)).toBe(true);
  });

  test('is trained on from its file', async () => {
    const on = await trainHere(job('on', { ...everything, from: made() }, still));
    expect(heldOut(on.events)).toBe(loss);
    const { dora: _dora, ...lora } = everything;
    const refused = trainHere(job('no dora', { ...lora, from: made() }, still));
    expect((await failureOf(refused)).code).toBe('lora-form');
    const smaller = trainHere(job('smaller', { ...everything, convRank: 2, from: made() }, still));
    expect((await failureOf(smaller)).code).toBe('lora-rank');
  });

  test.each(['kohya', 'peft'] as const)(
    'is the same model once merged, under names of %s',
    async (loraNames) => {
      const context = { emit: () => undefined, stop: new AbortController().signal };
      const file = at(`${loraNames}.safetensors`);
      const checkpoint = at('made', 'checkpoints', 'epoch-0002');
      const written = { kind: 'export', precision: 'float32', metadata: {} } as const;
      await runJob(
        { ...written, format: 'lora', loraNames, output: file, model: { base: at('base'), checkpoint } },
        context,
      );
      const loras = [{ file, strength: 1 }];
      await runJob(
        { ...written, format: 'diffusers', output: at(loraNames), model: { base: at('base'), loras } },
        context,
      );
      const over: LoraMethod = { kind: 'lora', textEncoder: true, rank: 1, alpha: 1 };
      const merged = await trainHere(job(`over ${loraNames}`, over, still, { base: at(loraNames) }));
      // Weights that were merged once, rather than the sum of two products each time.
      expect(Math.abs(heldOut(merged.events) / loss - 1)).toBeLessThan(1e-5);
    },
  );

  test('ends with the same bytes when it is broken off', async () => {
    const stop = new AbortController();
    await trainHere(
      job('broken', everything),
      (event) => {
        if (event.type === 'step' && event.step === 1) stop.abort();
      },
      stop.signal,
    );
    await trainHere(job('broken', everything));
    const weights = async (name: string) => {
      const files = Object.entries(await hashTree(at(name)));
      return files.filter(([file]) => file.endsWith('.safetensors'));
    };
    expect(await weights('broken')).toEqual(await weights('made'));
  });

  test('is trained in float16, and with weights updated on the way back, too', async () => {
    const half = await trainHere(job('half', everything, { precision: 'float16' }));
    expect(Math.abs(heldOut(half.events) / loss - 1)).toBeLessThan(0.05);
    const fused = await trainHere(job('fused', everything, { fusedBackward: true, maxGradientNorm: 0 }));
    const whole = await trainHere(job('whole', everything, { maxGradientNorm: 0 }));
    expect(Math.abs(heldOut(fused.events) / heldOut(whole.events) - 1)).toBeLessThan(1e-4);
  });
});

describe('rank dropout', () => {
  const [first] = tinyParameters('unet');
  const parameters = ['a', 'b'].map((module) => ({
    ...first!,
    shape: [500, 8],
    adapter: { module, part: 'down' as const, kernel: [] },
  }));
  const drawn = rankDropout(0.25, parameters, { seed: 3 })!;

  test('leaves out its share, and has the rest count for as much more', () => {
    const { 'rank-weights.unet.a': a } = drawn.training(4, 1, [0, 1, 2, 3]) as Record<string, Float32Array>;
    expect(a).toHaveLength(2000);
    expect(new Set(a)).toEqual(new Set([0, Math.fround(4 / 3)]));
    // Within five deviations of a share of 2000.
    expect(Math.abs(a!.filter((weight) => weight === 0).length / 2000 - 0.25)).toBeLessThan(0.05);
    expect(new Set(drawn.whole(4)['rank-weights.unet.a'] as Float32Array)).toEqual(new Set([1]));
  });

  test('is another in each module, step and place, and the same for an image wherever its batch is cut', () => {
    const of = (step: number, ...indices: readonly number[]) => drawn.training(indices.length, step, indices);
    expect(of(1, 0)).toEqual(of(1, 0));
    expect(of(1, 0)['rank-weights.unet.a']).not.toEqual(of(1, 0)['rank-weights.unet.b']);
    expect(of(1, 0)).not.toEqual(of(2, 0));
    const two = of(1, 0, 1)['rank-weights.unet.a'] as Float32Array;
    expect(two.subarray(500)).toEqual(of(1, 1)['rank-weights.unet.a']);
  });
});
