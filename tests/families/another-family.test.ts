import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { OpenModel } from '../../native/families/family.ts';
import { openModel } from '../../native/families/open-model.ts';
import type { Value } from '../../native/graph/graph.ts';
import { add, mul } from '../../native/graph/ops/elementwise.ts';
import { reduceMean } from '../../native/graph/ops/reduce.ts';
import { reshape } from '../../native/graph/ops/shape.ts';
import type { TrainingImage } from '../../native/jobs.ts';
import { linear } from '../../native/models/layers.ts';
import type { ModelBuilder } from '../../native/models/model-builder.ts';
import { uniform } from '../../native/random/philox.ts';
import { chooseRuntime } from '../../native/runtime/providers.ts';
import type { Runtime } from '../../native/runtime/runtime.ts';
import { createTextToImage } from '../../native/sampling/text-to-image.ts';
import { planEpoch } from '../../native/training/data-order.ts';
import { loraRecipe } from '../../native/training/recipes/lora.ts';
import { temporaryFolder } from '../images/pictures.ts';
import { drawImages, tinyJob, writeTinyModel } from '../training/tiny-model.ts';

const folder = temporaryFolder();
let runtime: Runtime;
let model: OpenModel;
let images: TrainingImage[];
beforeAll(async () => {
  await writeTinyModel(join(folder.path, 'base'));
  images = await drawImages(join(folder.path, 'images'), 2, [[32, 24]]);
  runtime = await chooseRuntime({ provider: 'cpu' });
  model = unlikeStableDiffusion(await openModel({ base: join(folder.path, 'base') }));
});
afterAll(async () => {
  await model.close();
  await runtime.dispose();
});

/**
 * A model as other families have them: captions come as two arrays, the denoiser is told each picture's size, and time is
 * continuous. Its weights are the tiny Stable Diffusion's, since a network's own values do not matter here.
 */
function unlikeStableDiffusion(base: OpenModel): OpenModel {
  const { conditioning, denoiser } = base;
  const pooled = (builder: ModelBuilder, states: Value): Value => {
    const [n, tokens, width] = states.shape as readonly [number, number, number];
    // The head reads one of the encoder's own matrices, so that there is a weight for it in the folder.
    const name = 'text_model.encoder.layers.0.self_attn.q_proj';
    return reshape(linear(builder, name, reshape(states, [n * tokens, width]), width), [n, tokens * width]);
  };
  const size = conditioning.states.encoder_hidden_states!.shape.reduce((a, b) => a * b);
  return {
    ...base,
    conditioning: {
      ...conditioning,
      states: { ...conditioning.states, pooled: { type: 'float32', shape: [size] } },
      encode: (builders, tokens) => {
        const states = conditioning.encode(builders, tokens);
        return { ...states, pooled: pooled(builders('text_encoder'), states.encoder_hidden_states!) };
      },
      facts: { sizes: { type: 'float32', shape: [2] } },
      factsOf: ({ width, height }) => ({ sizes: Float32Array.of(width, height) }),
    },
    denoiser: {
      ...denoiser,
      predict: (builder, inputs) => {
        const { sizes, pooled: whole } = inputs.conditioning;
        const told = add(mean(sizes!), mul(mean(whole!), 0.01));
        return mul(denoiser.predict(builder, inputs), reshape(told, [told.shape[0]!, 1, 1, 1]));
      },
    },
    noise: {
      ...base.noise,
      // From 0 to 1, as in flow matching.
      drawTimestep: (seed, step, index) => uniform(seed, 'timesteps', step, index),
      timestepAt: (fraction) => fraction,
      ratesAt: (time) => ({ signal: 1 - time, noise: time }),
      snr: (time) => ((1 - time) / time) ** 2,
    },
  };
}

/** Means of rows [n, d] -> [n, 1]. */
const mean = (rows: Value): Value => reduceMean(rows, [1], true);

describe('a family with two states, facts about pictures and continuous time', () => {
  test('is trained and kept by the recipes there are', async () => {
    const method = { kind: 'lora', textEncoder: false, rank: 2, alpha: 2 } as const;
    const job = tinyJob(
      { folder: join(folder.path, 'run'), base: join(folder.path, 'base'), images, method },
      { captionDropout: 0 },
    );
    const context = { emit: () => undefined, stop: new AbortController().signal };
    const recipe = loraRecipe({ job, model, runtime, context }, method);
    expect(recipe.encoders).toEqual(['vae', 'text_encoder']);
    const task = await recipe.start();
    const [batch] = planEpoch(images, 2, 1, job.settings.seed, 1)[0]!;
    const place = { step: 1, firstIndex: 0, share: 1 / 2 };
    const { shape, data } = await task.prepare(batch!, place);
    expect(shape).toEqual({ rows: 2, size: { height: 6, width: 8 } });
    expect([...(data.sizes as Float32Array)]).toEqual([32, 24, 32, 24]);
    expect((data.pooled as Float32Array).some((value) => value !== 0)).toBe(true);
    const [times, signal, noise] = [data.timesteps, data.signal_rate, data.noise_rate] as Float32Array[];
    for (const [i, time] of times!.entries()) {
      expect(time % 1).not.toBe(0);
      expect([signal![i]! + noise![i]!, noise![i]]).toEqual([expect.closeTo(1, 6), expect.closeTo(time, 6)]);
    }
    const losses: number[] = [];
    for (let step = 1; step <= 5; step++) {
      losses.push(await task.trainer.backward(shape, data, true));
      await task.trainer.update(step, 1e-2, 0);
    }
    expect(losses.at(-1)).toBeLessThan(losses[0]!);
    await task.dispose();
  });

  test('makes pictures that depend on what it is told of them', async () => {
    const pipeline = createTextToImage(runtime, model);
    const settings = { sampler: 'ddim', steps: 2, guidanceScale: 2, width: 32, height: 32 } as const;
    const request = { prompt: 'a red square', negativePrompt: '', seed: 1 };
    const [picture] = await pipeline.generate([request], settings);
    const [other] = await pipeline.generate([{ ...request, prompt: 'a green circle' }], settings);
    expect(picture!.every(Number.isFinite)).toBe(true);
    expect(other).not.toEqual(picture);
    await pipeline.dispose();
  });
});
