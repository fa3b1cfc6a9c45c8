import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { ComputePrecision } from '../../native/facts/precision.ts';
import { takesAdapter } from '../../native/families/stable-diffusion/lora.ts';
import { clipConditioning, unetDenoiser } from '../../native/families/stable-diffusion/parts.ts';
import { elementCount } from '../../native/graph/data-type.ts';
import { float16ToFloat32, float32ToFloat16 } from '../../native/graph/half.ts';
import { readClipTextConfig } from '../../native/models/clip-text.ts';
import type { Parameter } from '../../native/models/parameter.ts';
import { updateRule } from '../../native/optimizers/optimizers.ts';
import { normals } from '../../native/random/philox.ts';
import { chooseRuntime } from '../../native/runtime/providers.ts';
import type { Runtime } from '../../native/runtime/runtime.ts';
import type { StagedGraph } from '../../native/stages/cut.ts';
import { buildArtifacts } from '../../native/training/artifacts.ts';
import { buildDiffusionGraph, type DiffusionGraphOptions } from '../../native/training/diffusion-graph.ts';
import { drawnWeights } from '../../native/training/initial-weights.ts';
import { createTrainer } from '../../native/training/trainer.ts';
import { relativeDifference } from '../graph/evaluate.ts';
import { tinyConfigs, tinySettings } from '../training/tiny-model.ts';
import { batchOf } from './batch-of.ts';
import { smallUNet, smallUNetGraph } from './small-unet.ts';

const shape = { rows: 2, size: { height: 16, width: 16 } };
const text = readClipTextConfig(tinyConfigs.text_encoder);
const lowRank = { rank: 4, scale: 0.5, takes: takesAdapter };

/** Numbers that float16 holds, so that it makes no difference where they are held so. Nothing begins as zero. */
function weightOf(parameter: Parameter): Float32Array<ArrayBuffer> {
  const drawn = drawnWeights(parameter, 3);
  const noise = normals(3, 'initial-weights', 0, parameter.name.length, new Float32Array(drawn.length));
  return float16ToFloat32(float32ToFloat16(drawn.map((value, i) => value + 0.02 * noise[i]!)));
}

function backwardNodes({ staged }: { readonly staged: StagedGraph | null }): number {
  return staged!.backward.reduce((sum, { nodes }) => sum + nodes.length, 0);
}

describe.each([
  { what: 'all of a UNet', trained: 'full', encodes: false },
  { what: 'UNet and text encoder', trained: 'full', encodes: true },
  { what: 'adapters', trained: lowRank, encodes: false },
  { what: 'adapters, the text encoder in the graph', trained: lowRank, encodes: true },
] satisfies (Pick<DiffusionGraphOptions, 'trained' | 'encodes'> & { readonly what: string })[])(
  'training $what in stages',
  ({ trained, encodes }) => {
    let runtime: Runtime;
    beforeAll(async () => {
      runtime = await chooseRuntime({ provider: 'cpu', threads: 1 });
    });
    afterAll(() => runtime.dispose());

    /** Losses and all gradients of two batches accumulated, and the loss by evaluation. */
    async function follow(
      recompute: boolean,
      frozenType: 'float32' | 'float16',
      precision: ComputePrecision = 'float32',
      keptInside = 0,
    ) {
      const artifacts = buildArtifacts(
        buildDiffusionGraph({
          denoiser: unetDenoiser(smallUNet),
          conditioning: clipConditioning(text, { ids: () => [], framed: () => [], maxLength: 2 }),
          noise: { predictionType: 'epsilon' },
          encodes,
          trained,
          shape,
          matrixConv: true,
          frozenType: () => frozenType,
        }),
        { tensorsAreArrays: true, recompute, precision, keptInside },
      );
      const initial = (parameter: Parameter) => Promise.resolve(weightOf(parameter));
      const trainer = await createTrainer({
        runtime,
        rule: {
          ...updateRule(
            { ...tinySettings, optimizer: { kind: 'lion', beta1: 0, beta2: 0, weightDecay: 0 } },
            precision,
          ),
          maxGradientNorm: 0,
        },
        trainable: artifacts.trainable,
        initial,
        frozen: initial,
        artifacts: () => artifacts,
        accumulate: true,
      });
      if (trainer.scalesLoss) trainer.scaleLoss(1024);
      const batch = batchOf(artifacts);
      const losses = [await trainer.backward(shape, batch, true)];
      losses.push(await trainer.backward(shape, batch, false));
      const norm = await trainer.update(1, 0.01, 0);
      losses.push(await trainer.evaluate(shape, batch));
      const weights = new Map<string, Float32Array>();
      for (const { name, shape: own } of trainer.trainable)
        weights.set(name, await trainer.readState('momentum', name, new Float32Array(elementCount(own))));
      await trainer.dispose();
      return { losses, norm, weights, staged: artifacts.differentiated.staged };
    }

    test('gives the very loss and gradients of the whole graph, frozen weights held in float16 or not', async () => {
      const whole = await follow(false, 'float32');
      expect(whole.staged).toBeNull();
      expect(whole.norm).toBeGreaterThan(0);
      const stages = await follow(true, 'float32');
      const { worthKeeping } = stages.staged!;
      for (const [held, keptInside] of [
        ['float32', 0],
        ['float16', 0],
        ['float32', Infinity],
        ['float32', worthKeeping / 3],
        ['float16', Infinity],
      ] as const) {
        const staged = await follow(true, held, 'float32', keptInside);
        if (held === 'float32' && keptInside === Infinity) {
          expect(backwardNodes(staged)).toBeLessThan(0.95 * backwardNodes(stages));
          expect(staged.staged!.worthKeeping).toBe(worthKeeping);
        }
        expect(staged.staged!.forward.length).toBeGreaterThan(10);
        expect(staged.losses).toEqual(whole.losses);
        expect(staged.norm).toBe(whole.norm);
        for (const [name, gradient] of whole.weights)
          // By bytes: number by number that would take longer than the training.
          expect(
            Buffer.from(staged.weights.get(name)!.buffer).equals(Buffer.from(gradient.buffer)),
            name,
          ).toBe(true);
      }
    });

    test('gives in float16 what the whole graph does in it, but for roundings', async () => {
      const [whole, single] = [await follow(false, 'float32', 'float16'), await follow(false, 'float32')];
      expect(Math.abs(whole.norm / single.norm - 1)).toBeLessThan(1e-2);
      expect(whole.norm).not.toBe(single.norm);
      const staged = await follow(true, 'float16', 'float16');
      expect(staged.staged!.forward.length).toBeGreaterThan(10);
      // Where one node follows another in a session, the processor leaves out the rounding between them: 2^-11 each.
      expect(relativeDifference(staged.losses.slice(0, 2), whole.losses.slice(0, 2))).toBeLessThan(1e-3);
      // Lion has gone by signs in between, which of what is about zero are either.
      expect(relativeDifference(staged.losses, whole.losses)).toBeLessThan(1e-2);
      expect(Math.abs(staged.norm / whole.norm - 1)).toBeLessThan(1e-2);
    });
  },
);

test('parts of a batch that run side by side keep what is theirs apart', async () => {
  const runtime = await chooseRuntime({ provider: 'cpu', threads: 1 });
  const lossesOf = async (recompute: boolean): Promise<readonly number[]> => {
    const artifacts = buildArtifacts(smallUNetGraph({ ...shape, rows: 1 }), {
      tensorsAreArrays: true,
      recompute,
    });
    const trainer = await createTrainer({
      runtime,
      rule: updateRule(tinySettings, 'float32'),
      trainable: artifacts.trainable,
      initial: (parameter) => Promise.resolve(weightOf(parameter)),
      frozen: ({ name }) => Promise.reject(new Error(name)),
      artifacts: () => artifacts,
      parts: { most: 2, of: () => 2 },
      accumulate: false,
    });
    const ofBoth = artifacts.batch.map((input) => ({ ...input, shape: [2, ...input.shape.slice(1)] }));
    const batch = batchOf({ batch: ofBoth });
    const losses = [await trainer.backward(shape, batch, true), await trainer.evaluate(shape, batch)];
    losses.push(await trainer.update(1, 1e-3, 0));
    await trainer.dispose();
    return losses;
  };
  expect(await lossesOf(true)).toEqual(await lossesOf(false));
  await runtime.dispose();
});
