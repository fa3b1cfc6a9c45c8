import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { type OptimizerKind, usualSettings } from '../../../native/facts/optimizers.ts';
import { allocate, type DataArray, elementCount } from '../../../native/graph/data-type.ts';
import type { Parameter } from '../../../native/models/parameter.ts';
import { loraPlus } from '../../../native/optimizers/lora-plus.ts';
import { formOf, type Optimizer, type UpdateRule } from '../../../native/optimizers/optimizer.ts';
import { createOptimizer } from '../../../native/optimizers/optimizers.ts';
import { normals } from '../../../native/random/philox.ts';
import { chooseRuntime } from '../../../native/runtime/providers.ts';
import type { Runtime } from '../../../native/runtime/runtime.ts';
import { keptLength } from '../../../native/training/kept-tensors.ts';
import { createStepper } from '../../../native/training/stepper.ts';
import { placeState, type TrainedState } from '../../../native/training/trained-state.ts';
import { compileOnePass } from '../../../scripts/compile-one-pass.ts';
import { relativeDifference } from '../../graph/evaluate.ts';

const parameter = (name: string, shape: readonly number[], isUp = false): Parameter => ({
  ...{ name, shape, component: 'unet', key: name, role: 'weight', layout: 'state-dict', type: 'float32' },
  ...{ initialization: { kind: 'constant', value: 0 }, trained: true },
  adapter: isUp ? { module: 'any', part: 'up', kernel: [] } : null,
});

// Lengths that are and are not whole vectors or blocks of 256, short and longer than what is stepped at once.
const trainable: readonly Parameter[] = [
  parameter('matrix', [203, 301]),
  parameter('bias', [7]),
  parameter('kernel', [16, 8, 1, 1]),
  parameter('up', [64, 80], true),
  parameter('one', [1]),
  parameter('one more than blocks', [17, 241]),
  parameter('small up', [5, 3], true),
  parameter('taps last', [6, 5, 3, 3]),
  { ...parameter('taps first', [7, 5, 3, 3]), layout: 'taps-first' },
];

/** Gradients of all sizes, much alike at every step, and zeros: many, and a whole block of them; `first`: the first ones of the matrix. */
function writeGradients(state: TrainedState, step: number, first: readonly number[]): void {
  trainable.forEach(({ name, shape }, which) => {
    const values = normals(2, 'noise', 0, which, new Float32Array(elementCount(shape)));
    const others = normals(2, 'noise', step, which, new Float32Array(elementCount(shape)));
    for (const [i, value] of values.entries())
      values[i] =
        i % 5 === 4 || (i >= 512 && i < 768)
          ? 0
          : (value + others[i]! / 4) * 10 ** (-8 * Math.abs(Math.sin(i)));
    if (name === 'matrix') values.set(first);
    state.gradient.get(name)!.write(values);
  });
}

/** With an estimate of Prodigy's that four steps are seen to raise, and all that Adafactor can be asked for. */
const optimizerOf = (kind: OptimizerKind): Optimizer => {
  const settings = usualSettings(kind);
  switch (settings.kind) {
    case 'prodigy':
      return createOptimizer({ ...settings, firstEstimate: 1e-3, coefficient: 20 });
    case 'adafactor':
      return createOptimizer({ ...settings, beta1: 0.9, weightDecay: 0.1, scaleParameter: true });
    default:
      return createOptimizer(settings);
  }
};
const ruleOf = (kind: OptimizerKind, changes: Partial<UpdateRule> = {}): UpdateRule => ({
  ...{ optimizer: optimizerOf(kind), maxGradientNorm: 0, ema: true },
  ...changes,
});
const onePassOf = (rule: UpdateRule, specs: readonly Parameter[] = trainable) =>
  rule.optimizer.onePass!(specs, rule, 1)!;

interface Way {
  readonly onePass: boolean;
  readonly lossScale?: number;
  readonly first?: readonly number[];
}

describe.each(['adamw', 'adamw8bit', 'lion', 'prodigy', 'adafactor'] as const)('%s in one pass', (kind) => {
  let runtime: Runtime;
  beforeAll(async () => {
    runtime = await chooseRuntime({ provider: 'cpu', threads: 1 });
  });
  afterAll(() => runtime.dispose());

  async function placed(rule: UpdateRule, onePass: boolean): Promise<TrainedState> {
    const initial = ({ shape }: Parameter) => {
      const count = elementCount(shape);
      return Promise.resolve(normals(1, 'initial-weights', 0, count, new Float32Array(count)));
    };
    const state = await placeState({ runtime, rule, trainable, initial, accumulate: false, onePass }, 1);
    expect(state.onePass !== null).toBe(onePass);
    return state;
  }

  const kept = async (state: TrainedState): Promise<Map<string, DataArray>> => {
    const values = new Map<string, DataArray>();
    for (const { kind: what, name, form } of state.keptTensors) {
      const tensor = state.kept.get(what)!.get(name)!;
      values.set(`${what} of ${name}`, await tensor.read(allocate(form.type, keptLength(form))));
    }
    return values;
  };

  /** Steps `from` to `to` from what is kept before them; what is kept after, and the gradients' norms. */
  async function steps(
    rule: UpdateRule,
    { onePass, lossScale = 1, first = [] }: Way,
    [from, to]: readonly [number, number] = [1, 4],
    before: ReadonlyMap<string, DataArray> = new Map(),
  ): Promise<{ readonly values: Map<string, DataArray>; readonly norms: readonly number[] }> {
    const state = await placed(rule, onePass);
    for (const { kind: what, name } of state.keptTensors) {
      const values = before.get(`${what} of ${name}`);
      if (values) state.kept.get(what)!.get(name)!.write(values);
    }
    const stepper = await createStepper({
      ...{ runtime, rule, state, trainable: state.trainable },
      ...{ onePass: state.onePass, accumulate: false, piecewise: false },
    });
    const norms: number[] = [];
    for (let step = from; step <= to; step++) {
      writeGradients(state, step, first);
      norms.push(await stepper.update(step, kind === 'prodigy' ? 1 : 1e-3, 0.7, 1, lossScale));
    }
    const values = await kept(state);
    await stepper.dispose();
    state.dispose();
    return { values, norms };
  }

  /** What is not the same bytes. */
  const unlike = (
    found: ReadonlyMap<string, DataArray>,
    expected: ReadonlyMap<string, DataArray>,
  ): readonly string[] =>
    [...expected].flatMap(([name, values]) =>
      Buffer.from(values.buffer).equals(Buffer.from(found.get(name)!.buffer)) ? [] : [name],
    );

  /** Prodigy and Adafactor add up sums in another order, and what is kept follows from them. */
  const isExact = kind !== 'prodigy' && kind !== 'adafactor';
  const expectSame = (
    found: ReadonlyMap<string, DataArray>,
    expected: ReadonlyMap<string, DataArray>,
  ): void => {
    if (isExact) expect(unlike(found, expected)).toEqual([]);
    else
      for (const [name, values] of expected)
        expect(
          relativeDifference([...(found.get(name) as Float32Array)], [...(values as Float32Array)]),
          name,
        ).toBeLessThan(1e-5);
  };

  const greatestDifference = (a: DataArray, b: DataArray): number =>
    (a as Float32Array).reduce((most, value, i) => Math.max(most, Math.abs(value - Number(b[i]))), 0);

  test.each<[string, Partial<UpdateRule>, number]>([
    ['', {}, 1],
    [', without averages', { ema: false }, 1],
    [', of losses that come multiplied', { scalesLoss: true }, 1000],
    [', with up matrices faster', { optimizer: loraPlus(optimizerOf(kind), 8) }, 1],
  ])('gives the numbers of the update graph%s', async (_, changes, lossScale) => {
    const rule = ruleOf(kind, changes);
    const [mine, graph] = [
      await steps(rule, { onePass: true, lossScale }),
      await steps(rule, { onePass: false, lossScale }),
    ];
    expectSame(mine.values, graph.values);
    mine.norms.forEach((norm, i) => {
      expect(norm / graph.norms[i]!).toBeCloseTo(1, 5);
    });
    const { values } = await steps(rule, { onePass: true, lossScale }, [1, 3]);
    expect(unlike(values, graph.values)).toEqual(
      [...graph.values.keys()].filter((name) => !name.startsWith('begin')),
    );
  });

  test('clips as the update graph does', async () => {
    const rule = ruleOf(kind, { maxGradientNorm: 1 });
    const [mine, graph] = [await steps(rule, { onePass: true }), await steps(rule, { onePass: false })];
    // The norm is added up in another order. A number of 8 bits is the one beside it where it lies between two.
    for (const [name, values] of graph.values)
      expect(greatestDifference(mine.values.get(name)!, values), name).toBeLessThan(
        values instanceof Uint8Array ? 2 : kind === 'adamw8bit' ? 1e-4 : 1e-5,
      );
    const free = await steps(ruleOf(kind), { onePass: true });
    expect(unlike(mine.values, free.values)).toEqual(
      expect.arrayContaining([...graph.values.keys()].filter((name) => /^(?!begin).* of matrix$/.test(name))),
    );
  });

  test.each([
    ['the graph', 'one pass'],
    ['one pass', 'the graph'],
    ['one pass', 'one pass'],
  ])('goes on to the same bytes from what %s has kept, in %s', async (first, second) => {
    const rule = ruleOf(kind);
    const begun = await steps(rule, { onePass: first === 'one pass' }, [1, 2]);
    const ended = await steps(rule, { onePass: second === 'one pass' }, [3, 4], begun.values);
    const whole = await steps(rule, { onePass: true });
    if (first === second) expect(unlike(ended.values, whole.values)).toEqual([]);
    else expectSame(ended.values, whole.values);
  });

  test('goes by the sum of the gradients of the parts of a batch', async () => {
    const rule = ruleOf(kind);
    const [parted, whole] = [rule.optimizer.onePass!(trainable, rule, 3)!, onePassOf(rule)];
    expect(parted.parts).toBe(3);
    trainable.forEach(({ name }, which) => {
      const [a, b, c] = [0, 1, 2].map((part) =>
        normals(5, 'noise', part, which, parted.gradient(part, name)),
      );
      // Each sum rounded to float32, as the pass adds them.
      whole.gradient(0, name).set(a!.map((value, i) => Math.fround(value + b![i]!) + c![i]!));
    });
    const norms = [parted.update(1, 1e-3, 0.5, 3), whole.update(1, 1e-3, 0.5, 1)];
    expect(norms[0]).toBe(norms[1]);
    for (const what of ['parameter', 'ema', ...rule.optimizer.state])
      for (const one of trainable)
        if (formOf(rule.optimizer, what, one))
          expect(parted.array(what, one.name), `${what} of ${one.name}`).toEqual(whole.array(what, one.name));
    await Promise.all([parted.dispose(), whole.dispose()]);
  });

  test('reports a gradient that is not finite, and of a multiplied loss does not apply it', async () => {
    for (const scalesLoss of [false, true]) {
      const onePass = onePassOf(ruleOf(kind, { scalesLoss }));
      const one = onePass.array('parameter', 'one') as Float32Array;
      one.fill(3);
      onePass.gradient(0, 'one')[0] = Number.POSITIVE_INFINITY;
      expect(onePass.update(1, 1e-3, 0, 1)).toBe(Number.POSITIVE_INFINITY);
      expect(one[0] === 3).toBe(scalesLoss);
      await onePass.dispose();
    }
  });

  test.runIf(kind === 'adamw8bit')('keeps what is no number as the update graph does', async () => {
    const first = [1, Number.NaN, Number.NEGATIVE_INFINITY, 2];
    const [mine, graph] = [
      await steps(ruleOf(kind), { onePass: true, first }, [1, 1]),
      await steps(ruleOf(kind), { onePass: false, first }, [1, 1]),
    ];
    expect(mine.values.get('firstScale of matrix')![0]).toBe(Number.POSITIVE_INFINITY);
    for (const [name, values] of graph.values) expect(mine.values.get(name), name).toEqual(values);
  });

  test('leaves models beyond 32-bit addresses to the graph', () => {
    expect(onePassOf(ruleOf(kind), [parameter('large', [540_000_000])])).toBeNull();
  });
});
test('runs what its source compiles to', async () => {
  const folder = join(import.meta.dirname, '..', '..', '..', 'native', 'optimizers', 'one-pass');
  expect(await readFile(join(folder, 'one-pass-wasm.ts'), 'utf8')).toBe(await compileOnePass());
});
