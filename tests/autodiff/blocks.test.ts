import { describe, expect, test } from 'vitest';

import { gradients } from '../../native/autodiff/gradients.ts';
import { type BlockGradient, Graph, type Value } from '../../native/graph/graph.ts';
import { add, exp, mul, sin } from '../../native/graph/ops/elementwise.ts';
import { reduceSum } from '../../native/graph/ops/reduce.ts';
import { silu } from '../../native/models/activations.ts';
import { groupNorm } from '../../native/models/layers.ts';
import { InputParameters } from '../../native/models/model-builder.ts';
import { evaluate, relativeDifference } from '../graph/evaluate.ts';
import { centralDifferences, differentiate } from './gradient-check.ts';

/** `build` in a block of the values it reads, with a gradient of its own or without one. */
function inBlock(
  inputs: readonly Value[],
  build: (...inputs: readonly Value[]) => Value,
  gradient?: BlockGradient,
): Value {
  const [output] = inputs[0]!.graph.block(inputs, () => ({
    outputs: [build(...inputs)],
    ...(gradient && { gradient }),
  }));
  return output!;
}

/** sin(exp(x)) with its gradient as it is, times `factor` so that it can be told from that of the nodes. */
const sinOfExp = (x: Value, factor: number): Value =>
  x.graph.block([x], () => {
    const inner = exp(x);
    return {
      outputs: [sin(inner)],
      gradient: ([dy]) => [mul(mul(dy!, mul(sin(add(inner, Math.PI / 2)), inner)), factor)],
    };
  })[0]!;

/** The gradient of the sum of `build(x)` at 0, where that of sin(exp(x)) is cos(1). */
async function slope(build: (x: Value) => Value): Promise<number> {
  const graph = new Graph();
  const x = graph.input('x', 'float32', [1]);
  const [dx] = gradients(graph, reduceSum(build(x), [0]), [x]);
  const results = await evaluate(graph, { dx: dx! }, new Map([['x', Float32Array.of(0)]]));
  return results.get('dx')![0]!;
}

describe('blocks in one another', () => {
  test('are taken by the outermost gradient there is', async () => {
    const marked = (x: Value) =>
      inBlock(
        [x],
        (value) => sinOfExp(value, 3),
        ([dy]) => [mul(dy!, 42)],
      );
    expect(await slope(marked)).toBe(42);
    expect(await slope((x) => inBlock([x], (value) => marked(value)))).toBe(42);
  });

  test('are taken by the inner gradients where the outer ones have none', async () => {
    const grouped = (x: Value) => inBlock([x], (value) => sinOfExp(value, 3));
    expect(await slope(grouped)).toBeCloseTo(3 * Math.cos(1), 5);
    expect(await slope((x) => inBlock([x], (value) => mul(grouped(value), 2)))).toBeCloseTo(
      6 * Math.cos(1),
      5,
    );
  });

  test('are taken by the gradients of their nodes where none has one', async () => {
    const bare = (x: Value) => inBlock([x], (value) => inBlock([exp(value)], (inner) => sin(inner)));
    expect(await slope(bare)).toBeCloseTo(Math.cos(1), 5);
  });

  test('may lie beside each other, end together and be empty', async () => {
    const build = (x: Value) =>
      inBlock([x], (value) => {
        const first = inBlock([value], (inner) => inner);
        const second = sinOfExp(first, 1);
        return inBlock([second, value], (a, b) => add(sinOfExp(b, 1), a));
      });
    expect(await slope(build)).toBeCloseTo(2 * Math.cos(1), 5);
  });

  test('are a tree', () => {
    const graph = new Graph();
    const x = graph.input('x', 'float32', [1]);
    inBlock([sin(x)], (value) => exp(sinOfExp(sinOfExp(value, 1), 1)));
    sinOfExp(x, 1);
    const spans = graph.blocks.map(({ begin, end, gradient, children }) => ({
      span: [begin, end],
      ruled: gradient !== null,
      children: children.map((child) => [child.begin, child.end]),
    }));
    expect(spans).toEqual([
      {
        span: [1, 6],
        ruled: false,
        children: [
          [1, 3],
          [3, 5],
        ],
      },
      { span: [6, 8], ruled: true, children: [] },
    ]);
  });

  test('stay whole where one of them is not built to its end', async () => {
    const build = (x: Value) => {
      expect(() => inBlock([x], () => expect.fail('not built'))).toThrow('not built');
      return sinOfExp(x, 3);
    };
    expect(await slope(build)).toBeCloseTo(3 * Math.cos(1), 5);
  });
});

describe('a block', () => {
  const graph = () => {
    const made = new Graph();
    return [made.input('x', 'float32', [1]), made.input('y', 'float32', [1])] as const;
  };

  test('with a gradient of its own names all it reads, since no gradient would reach the rest', () => {
    const [x, y] = graph();
    expect(() =>
      inBlock(
        [x],
        () => mul(x, y),
        ([dy]) => [dy!],
      ),
    ).toThrow("The block's node Mul_0 reads y, which is not among its inputs.");
  });

  test('with a gradient of its own keeps to itself what is none of its outputs', () => {
    const [x] = graph();
    let inner: Value | null = null;
    const y = inBlock(
      [x],
      (value) => sin((inner = exp(value))),
      ([dy]) => [dy!],
    );
    expect(() => gradients(x.graph, reduceSum(add(y, inner!), [0]), [x])).toThrow(
      'Exp_0 is read outside of its block, whose gradient does not reach it.',
    );
  });

  test('without one names all it reads but graph inputs, such as its parameters', () => {
    const [x, y] = graph();
    expect(() => inBlock([x], () => mul(x, y))).not.toThrow();
    const middle = exp(y);
    expect(() => inBlock([x], () => mul(x, middle))).toThrow('reads Exp_1, which is not among its inputs.');
    expect(() => inBlock([x, middle], () => mul(x, middle))).not.toThrow();
  });
});

describe('a module in nested blocks', () => {
  /** A norm and an activation, each a block of its own, as a flat run of nodes or in blocks without a gradient. */
  const build =
    (nested: boolean) =>
    ({ x, weight, bias }: Record<string, Value>): Value => {
      const model = {
        graph: x!.graph,
        parameter: (name: string) => (name.endsWith('weight') ? weight! : bias!),
        tapsFirstParameter: () => expect.fail('no convolution is built'),
        adapter: () => null,
        matrixConv: false,
      };
      const norm = (value: Value) => groupNorm(model, 'norm', value, 2, 1e-3);
      if (!nested) return silu(norm(x!));
      return inBlock([x!], (value) => silu(inBlock([value], (inner) => norm(inner))));
    };
  const shapes = { x: [2, 4, 1, 3], weight: [4], bias: [4] };

  test('has the very gradients it has flat', async () => {
    const [flat, nested] = [
      await differentiate(shapes, build(false)),
      await differentiate(shapes, build(true)),
    ];
    expect(nested.gradients).toEqual(flat.gradients);
  });

  test('has the gradients of its formula in double precision', async () => {
    const found = await differentiate(shapes, build(true));
    const expected = centralDifferences(({ x, weight, bias }) => {
      const groups = [0, 1, 2, 3].map((group) => x!.slice(6 * group, 6 * group + 6));
      return groups.flatMap((group, g) => {
        const mean = group.reduce((sum, value) => sum + value, 0) / 6;
        const variance = group.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 6;
        return group.map((value, i) => {
          const channel = (2 * g + Math.floor(i / 3)) % 4;
          const y = ((value - mean) / Math.sqrt(variance + 1e-3)) * weight![channel]! + bias![channel]!;
          return y / (1 + Math.exp(-y));
        });
      });
    }, found);
    // 1e-5: a few float32 roundings of numbers near 1.
    for (const name of Object.keys(shapes))
      expect(relativeDifference(found.gradients[name]!, expected[name]!), name).toBeLessThan(1e-5);
  });
});

test('parameters made in a block that only groups need not be named', () => {
  const made = new Graph();
  const model = new InputParameters(made);
  const x = made.input('x', 'float32', [1, 4, 2, 2]);
  const y = inBlock([x], (value) => groupNorm(model, 'norm', value, 2, 1e-5));
  expect(y.shape).toEqual(x.shape);
  expect(made.blocks[0]!.children).toHaveLength(1);
});
