import { describe, expect, test } from 'vitest';

import { gradients } from '../../native/autodiff/gradients.ts';
import type { DataType } from '../../native/graph/data-type.ts';
import { Graph, type Value } from '../../native/graph/graph.ts';
import { convTranspose } from '../../native/graph/ops/conv.ts';
import { mul } from '../../native/graph/ops/elementwise.ts';
import { gemm } from '../../native/graph/ops/matmul.ts';
import { reduceMean, reduceSum, sumRows } from '../../native/graph/ops/reduce.ts';
import { evaluate, relativeDifference } from '../graph/evaluate.ts';
import { castGraph, float16Cases } from './float16-cases.ts';

describe.each(float16Cases)('$name in float16', (theCase) => {
  test('is what it is in float32 but for rounding, and so are its gradients', async () => {
    const computed = (type: DataType) => {
      const { graph, outputs, data } = castGraph(theCase, type);
      return evaluate(graph, outputs, data);
    };
    const [half, single] = [await computed('float16'), await computed('float32')];
    expect([...half.keys()]).toEqual([...single.keys()]);
    for (const [name, expected] of single) {
      const found = half.get(name)!;
      expect(
        found.some((number) => number !== 0),
        name,
      ).toBe(true);
      // float16 rounds by up to 2^-11 = 4.9e-4 of a number; up to a dozen such roundings follow one another.
      expect(relativeDifference(found, expected), name).toBeLessThan(4e-3);
    }
  });
});

test("ConvTranspose, a strided Conv's gradient, takes the type of what it is given", () => {
  const graph = new Graph();
  const [dy, weight] = [
    graph.input('dy', 'float16', [1, 5, 2, 2]),
    graph.input('weight', 'float16', [5, 3, 3, 3]),
  ];
  expect(convTranspose(dy, weight, { stride: 2, padding: [1, 1, 1, 1] }, [4, 4]).type).toBe('float16');
});

describe('sums', () => {
  const types = (value: Value): (readonly [op: string, type: DataType])[] => {
    const { nodes } = value.graph;
    return nodes.map(({ op, outputs }) => [op, outputs[0]!.type] as const);
  };

  test.each([
    ['of rows', (x: Value) => sumRows(x, { accumulateIn: 'float32' }), 'MatMul'],
    ['over axes', (x: Value) => reduceSum(x, [0], false, { accumulateIn: 'float32' }), 'ReduceSum'],
    ['of means', (x: Value) => reduceMean(x, [0], false, { accumulateIn: 'float32' }), 'ReduceMean'],
  ] as const)('%s are accumulated in the type asked for and given back in their own', (_, sum, op) => {
    const graph = new Graph();
    const total = sum(graph.input('x', 'float16', [3, 4]));
    expect([total.type, total.shape]).toEqual(['float16', [4]]);
    expect(types(total).filter(([name]) => name !== 'Reshape')).toEqual([
      ['Cast', 'float32'],
      [op, 'float32'],
      ['Cast', 'float16'],
    ]);
  });

  test("of gradients are accumulated in the type asked for, a bias's and a broadcast value's", () => {
    const graph = new Graph();
    const x = graph.input('x', 'float16', [6, 4]);
    const [bias, scale] = [graph.input('bias', 'float16', [4]), graph.input('scale', 'float16', [4])];
    const y = mul(gemm(x, graph.filled('float16', [4, 4], 1), bias, {}), scale);
    const before = graph.nodes.length;
    const found = gradients(graph, reduceSum(y, [0, 1]), [bias, scale], { accumulateIn: 'float32' });
    expect(found.map(({ type, shape }) => [type, shape])).toEqual([
      ['float16', [4]],
      ['float16', [4]],
    ]);
    const summing = graph.nodes.slice(before + 1).filter(({ op }) => op === 'MatMul' || op === 'ReduceSum');
    expect(summing.map(({ op, outputs }) => [op, outputs[0]!.type])).toEqual([
      ['ReduceSum', 'float32'],
      ['MatMul', 'float32'],
    ]);
  });
});
