import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { elementCount } from '../../native/graph/data-type.ts';
import { fusedAdamW } from '../../native/optimizers/fused-adamw.ts';
import type { OptimizerSettings } from '../../native/optimizers/optimizer.ts';
import { normals } from '../../native/random/philox.ts';
import { chooseRuntime } from '../../native/runtime/providers.ts';
import type { Runtime } from '../../native/runtime/runtime.ts';
import { createStepper, emptyState, type State, stateKinds } from '../../native/training/stepper.ts';
import { compileAdamW } from '../../scripts/compile-adamw.ts';

const settings = {
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  weightDecay: 0.01,
  maxGradientNorm: 0,
  ema: true,
};
// Lengths that are and are not whole vectors, short and longer than what is stepped at once.
const trainable = [
  { name: 'matrix', shape: [203, 301] },
  { name: 'bias', shape: [7] },
  { name: 'kernel', shape: [16, 8, 1, 1] },
  { name: 'one', shape: [1] },
];

describe('AdamW in one pass', () => {
  let runtime: Runtime;
  beforeAll(async () => {
    runtime = await chooseRuntime({ provider: 'cpu', threads: 1 });
  });
  afterAll(() => runtime.dispose());

  /** Three steps; the state after them by kind and name, and the gradients' norms. */
  async function steps(
    optimizer: OptimizerSettings,
    oneStep: 'one pass' | 'graph',
  ): Promise<{ values: Map<string, Float32Array>; norms: number[] }> {
    const fused = oneStep === 'one pass' ? fusedAdamW(trainable, optimizer, 1)! : null;
    const state: State = emptyState();
    const arrays = new Map<string, Float32Array<ArrayBuffer>>();
    for (const [i, { name, shape }] of trainable.entries()) {
      for (const kind of [...stateKinds, 'gradient'] as const) {
        const array = fused ? fused.array(kind, name) : new Float32Array(elementCount(shape));
        if (kind === 'parameter' || kind === 'ema') normals(1, 'initial-weights', 0, i, array);
        arrays.set(`${kind} ${name}`, array);
        state[kind].set(name, runtime.tensor('float32', shape, array));
      }
    }
    const stepper = await createStepper({ runtime, trainable, optimizer, state, fused, accumulate: false });
    const norms: number[] = [];
    for (let step = 1; step <= 3; step++) {
      trainable.forEach(({ name }, i) => normals(2, 'noise', step, i, arrays.get(`gradient ${name}`)!));
      norms.push(await stepper.update(step, 1e-3, 0.7, 1));
    }
    await stepper.dispose();
    return { values: arrays, norms };
  }

  test('gives the bits of the optimizer graph', async () => {
    const [mine, graph] = [await steps(settings, 'one pass'), await steps(settings, 'graph')];
    for (const [name, values] of graph.values) expect(mine.values.get(name), name).toEqual(values);
    mine.norms.forEach((norm, i) => {
      expect(norm / graph.norms[i]!).toBeCloseTo(1, 5);
    });
  });

  test('clips as the optimizer graph does', async () => {
    const clipping = { ...settings, maxGradientNorm: 1 };
    const [mine, graph] = [await steps(clipping, 'one pass'), await steps(clipping, 'graph')];
    for (const [name, values] of graph.values) {
      const worst = values.reduce(
        (most, value, i) => Math.max(most, Math.abs(value - mine.values.get(name)![i]!)),
        0,
      );
      expect(worst, name).toBeLessThan(1e-5);
    }
    expect(mine.values.get('firstMoment matrix')).not.toEqual(
      (await steps(settings, 'one pass')).values.get('firstMoment matrix'),
    );
  });

  test('reports a gradient that is not finite', () => {
    const adamw = fusedAdamW(trainable, settings, 1)!;
    adamw.array('gradient', 'one')[0] = Number.NaN;
    expect(adamw.update(1, 1e-3, 0, 1)).toBeNaN();
  });

  test('leaves models beyond 32-bit addresses to the graph', () => {
    expect(fusedAdamW([{ name: 'large', shape: [270_000_000] }], { ...settings, ema: false }, 1)).toBeNull();
  });

  test('runs what its source compiles to', async () => {
    const committed = join(import.meta.dirname, '..', '..', 'native', 'optimizers', 'adamw-wasm.ts');
    expect(await readFile(committed, 'utf8')).toBe(await compileAdamW());
  });
});
