import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { adapterPlace, takesAdapter } from '../../native/families/stable-diffusion/lora.ts';
import { unetDenoiser } from '../../native/families/stable-diffusion/parts.ts';
import type { Parameter } from '../../native/models/parameter.ts';
import { readUNetConfig } from '../../native/models/unet.ts';
import { adamw } from '../../native/optimizers/adamw.ts';
import { loraPlus } from '../../native/optimizers/lora-plus.ts';
import { chooseRuntime } from '../../native/runtime/providers.ts';
import type { Runtime } from '../../native/runtime/runtime.ts';
import { buildArtifacts } from '../../native/training/artifacts.ts';
import { buildDiffusionGraph } from '../../native/training/diffusion-graph.ts';
import { type LoraMethod, loraPlan } from '../../native/training/lora-plan.ts';
import { createTrainer } from '../../native/training/trainer.ts';
import { maxDifference } from '../graph/evaluate.ts';
import { readFixture, readModelFixture } from '../reference/fixture.ts';
import { referenceBatches, referenceName, referenceSteps, shape, stepVariants } from './followed-steps.ts';
import { statesAlone } from './tiny-model.ts';

// Reference: peft's adapters under torch.optim.AdamW, by tests/reference/adapters.py.
const base: LoraMethod = {
  ...{ kind: 'lora', textEncoder: false, rank: 4, alpha: 2 },
  ...{ blockRanks: { up: 3 }, convRank: 2, convAlpha: 1 },
};
const variants: readonly { readonly name: string; readonly method: LoraMethod; readonly ratio: number }[] = [
  { name: 'locon', method: base, ratio: 4 },
  { name: 'dora', method: { ...base, dora: true }, ratio: 1 },
];

/** Losses of the reference's steps, and the greatest difference of weights after the last. */
async function follow(
  runtime: Runtime,
  { name, method, ratio }: (typeof variants)[number],
  way: { readonly onePass: boolean; readonly matrixConv: boolean; readonly recompute: boolean },
): Promise<{ readonly losses: readonly number[]; readonly farthest: number }> {
  const [model, expected] = [await readModelFixture('unet-tiny'), await readFixture(`adapters.${name}`)];
  const config = readUNetConfig(model.config);
  const artifacts = buildArtifacts(
    buildDiffusionGraph({
      denoiser: unetDenoiser(config),
      conditioning: statesAlone(16, config.crossAttentionDim),
      noise: { predictionType: 'epsilon' },
      encodes: false,
      trained: loraPlan(method, { takes: takesAdapter, placeOf: adapterPlace }),
      shape,
      matrixConv: way.matrixConv,
    }),
    { tensorsAreArrays: runtime.tensorsAreArrays, ...(way.recompute && { recompute: true }) },
  );
  const weight = (parameter: Parameter): Promise<Float32Array<ArrayBuffer>> => {
    const key = referenceName(parameter);
    const { data } = (parameter.adapter ? expected.tensors.get(`initial.${key}`) : model.weights.get(key))!;
    return Promise.resolve(data.slice() as Float32Array<ArrayBuffer>);
  };
  const plain = adamw({ kind: 'adamw', beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 1e-2 });
  const trainer = await createTrainer({
    runtime,
    rule: { optimizer: ratio === 1 ? plain : loraPlus(plain, ratio), maxGradientNorm: 1, ema: false },
    trainable: artifacts.trainable,
    initial: weight,
    frozen: weight,
    artifacts: () => artifacts,
    accumulate: false,
    onePass: way.onePass,
  });
  try {
    // As many as the reference has: none is left out, and none is too many.
    const named = [...expected.tensors.keys()].filter((key) => key.startsWith('final.'));
    expect(trainer.trainable.map((own) => `final.${referenceName(own)}`).sort()).toEqual(named.sort());
    const batchAt = await referenceBatches(stepVariants[0]!);
    const losses: number[] = [];
    for (let step = 0; step < referenceSteps; step++) {
      losses.push(await trainer.backward(shape, batchAt(step), true));
      await trainer.update(step + 1, 1e-3, 0);
    }
    let farthest = 0;
    for (const parameter of trainer.trainable) {
      const final = expected.tensors.get(`final.${referenceName(parameter)}`)!.data as Float32Array;
      const mine = await trainer.readState('parameter', parameter.name, new Float32Array(final.length));
      farthest = Math.max(farthest, maxDifference(mine, final));
    }
    const theirs = expected.tensors.get('loss')!.data as Float32Array;
    return { losses: losses.map((loss, i) => Math.abs(loss / theirs[i]! - 1)), farthest };
  } finally {
    await trainer.dispose();
  }
}

describe.each([
  { way: 'one pass', onePass: true, matrixConv: true, recompute: false },
  { way: 'the graph', onePass: false, matrixConv: false, recompute: false },
  { way: 'one pass, in stages', onePass: true, matrixConv: true, recompute: true },
])('adapters on convolutions, in ranks by block, by $way', ({ way: _way, ...way }) => {
  let runtime: Runtime;
  beforeAll(async () => {
    runtime = await chooseRuntime({ provider: 'cpu', api: 'c-api', threads: 1 });
  });
  afterAll(() => runtime.dispose());

  test.each(variants)('follow peft: $name', async (variant) => {
    const { losses, farthest } = await follow(runtime, variant, way);
    // 1e-4: what float32 rounding leaves of twenty steps computed in float64; it is some 1e-6.
    expect(Math.max(...losses)).toBeLessThanOrEqual(1e-4);
    expect(farthest).toBeLessThanOrEqual(1e-4);
  });
});
