import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { elementCount } from '../../native/graph/data-type.ts';
import { adamw } from '../../native/optimizers/adamw.ts';
import { stateKinds, type UpdateRule } from '../../native/optimizers/optimizer.ts';
import { normals } from '../../native/random/philox.ts';
import { chooseRuntime } from '../../native/runtime/providers.ts';
import type { Runtime, Tensor } from '../../native/runtime/runtime.ts';
import { createStepper } from '../../native/training/stepper.ts';
import { compileAdamW } from '../../scripts/compile-adamw.ts';

const optimizer = adamw({ kind: 'adamw', beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01 });
const rule: UpdateRule = { optimizer, maxGradientNorm: 0, ema: true };
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
    given: UpdateRule,
    oneStep: 'one pass' | 'graph',
  ): Promise<{ values: Map<string, Float32Array>; norms: number[] }> {
    const onePass = oneStep === 'one pass' ? optimizer.onePass!(trainable, given, 1)! : null;
    const tensors = new Map<string, Map<string, Tensor>>();
    const arrays = new Map<string, Float32Array<ArrayBuffer>>();
    for (const kind of [...stateKinds(given), 'gradient']) {
      tensors.set(kind, new Map());
      for (const [i, { name, shape }] of trainable.entries()) {
        const array = onePass?.array(kind, name) ?? new Float32Array(elementCount(shape));
        if (kind === 'parameter' || kind === 'ema') normals(1, 'initial-weights', 0, i, array);
        arrays.set(`${kind} ${name}`, array);
        tensors.get(kind)!.set(name, runtime.tensor('float32', shape, array));
      }
    }
    const state = { kept: tensors, gradient: tensors.get('gradient')!, scratch: new Map<string, Tensor>() };
    const stepper = await createStepper({
      runtime,
      trainable,
      rule: given,
      state,
      onePass,
      accumulate: false,
    });
    const norms: number[] = [];
    for (let step = 1; step <= 3; step++) {
      trainable.forEach(({ name }, i) => normals(2, 'noise', step, i, arrays.get(`gradient ${name}`)!));
      norms.push(await stepper.update(step, 1e-3, 0.7, 1));
    }
    await stepper.dispose();
    return { values: arrays, norms };
  }

  test('gives the bits of the update graph', async () => {
    const [mine, graph] = [await steps(rule, 'one pass'), await steps(rule, 'graph')];
    for (const [name, values] of graph.values) expect(mine.values.get(name), name).toEqual(values);
    mine.norms.forEach((norm, i) => {
      expect(norm / graph.norms[i]!).toBeCloseTo(1, 5);
    });
  });

  test('clips as the update graph does', async () => {
    const clipping = { ...rule, maxGradientNorm: 1 };
    const [mine, graph] = [await steps(clipping, 'one pass'), await steps(clipping, 'graph')];
    for (const [name, values] of graph.values) {
      const worst = values.reduce(
        (most, value, i) => Math.max(most, Math.abs(value - mine.values.get(name)![i]!)),
        0,
      );
      expect(worst, name).toBeLessThan(1e-5);
    }
    expect(mine.values.get('firstMoment matrix')).not.toEqual(
      (await steps(rule, 'one pass')).values.get('firstMoment matrix'),
    );
  });

  test('reports a gradient that is not finite', () => {
    const onePass = optimizer.onePass!(trainable, rule, 1)!;
    onePass.array('gradient', 'one')[0] = Number.NaN;
    expect(onePass.update(1, 1e-3, 0, 1)).toBeNaN();
  });

  test('leaves models beyond 32-bit addresses to the graph', () => {
    const large = [{ name: 'large', shape: [270_000_000] }];
    expect(optimizer.onePass!(large, { ...rule, ema: false }, 1)).toBeNull();
  });

  test('runs what its source compiles to', async () => {
    const committed = join(import.meta.dirname, '..', '..', 'native', 'optimizers', 'adamw-wasm.ts');
    expect(await readFile(committed, 'utf8')).toBe(await compileAdamW());
  });
});
