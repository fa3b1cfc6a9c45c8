import { expect, test } from 'vitest';

import { elementCount } from '../../native/graph/data-type.ts';
import { updateRule } from '../../native/optimizers/optimizers.ts';
import { openRuntime } from '../../native/runtime/open-runtime.ts';
import { detectProviders } from '../../native/runtime/providers.ts';
import { buildArtifacts } from '../../native/training/artifacts.ts';
import { drawnWeights } from '../../native/training/initial-weights.ts';
import { createTrainer } from '../../native/training/trainer.ts';
import { relativeDifference } from '../graph/evaluate.ts';
import { tinySettings } from '../training/tiny-model.ts';
import { batchOf } from './batch-of.ts';
import { smallUNetGraph } from './small-unet.ts';

const shape = { rows: 1, size: { height: 8, width: 8 } };
const webgpu = (await detectProviders()).find(({ provider }) => provider === 'webgpu');

test('a model is trained in stages and weight by weight in the memory of a device, as in one graph', async (context) => {
  if (!webgpu?.available) return context.skip(webgpu?.reason ?? 'there is no WebGPU');
  const follow = async (recompute: boolean) => {
    const runtime = await openRuntime('webgpu', 'c-api', 2, 'WebGPU');
    const artifacts = buildArtifacts(smallUNetGraph(shape, runtime.prefersMatrixConv), {
      tensorsAreArrays: runtime.tensorsAreArrays,
      recompute,
    });
    const trainer = await createTrainer({
      runtime,
      rule: updateRule(tinySettings, 'float32'),
      trainable: artifacts.trainable,
      initial: (parameter) => Promise.resolve(drawnWeights(parameter, 3)),
      frozen: (parameter) => Promise.resolve(drawnWeights(parameter, 3)),
      artifacts: () => artifacts,
      accumulate: false,
      piecewise: recompute,
    });
    const batch = batchOf(artifacts);
    const losses: number[] = [];
    for (const step of [1, 2]) {
      losses.push(await trainer.backward(shape, batch, true));
      await trainer.update(step, 1e-3, 0);
    }
    losses.push(await trainer.evaluate(shape, batch));
    const weights = new Map<string, Float32Array>();
    for (const { name, shape: own } of trainer.trainable)
      weights.set(name, await trainer.readState('parameter', name, new Float32Array(elementCount(own))));
    await trainer.dispose();
    await runtime.dispose();
    return { losses, weights, stages: artifacts.differentiated.staged?.forward.length ?? 0 };
  };
  const [whole, staged] = [await follow(false), await follow(true)];
  expect(staged.stages).toBeGreaterThan(10);
  expect(whole.losses[2]).toBeLessThan(whole.losses[0]!);
  expect(relativeDifference(staged.losses, whole.losses)).toBeLessThan(1e-5);
  for (const [name, values] of whole.weights)
    expect(relativeDifference(staged.weights.get(name)!, values), name).toBeLessThan(1e-4);
  // A software driver compiles every shader on a machine that has not seen it.
}, 300_000);
