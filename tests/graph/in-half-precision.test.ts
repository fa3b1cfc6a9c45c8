import { describe, expect, test } from 'vitest';

import { Graph, type Value } from '../../native/graph/graph.ts';
import { inHalfPrecision } from '../../native/graph/in-half-precision.ts';
import { add, exp, mul, sub } from '../../native/graph/ops/elementwise.ts';
import { gemm, matmul } from '../../native/graph/ops/matmul.ts';
import { layerNormalization } from '../../native/graph/ops/norm.ts';
import { reduceSum, softmax, sumRows } from '../../native/graph/ops/reduce.ts';
import { upsampleNearest } from '../../native/graph/ops/resample.ts';

/** Operators of a graph in half precision with the types of what they give, in order. */
function typed(build: (x: Value, weight: Value) => Value): string[] {
  const graph = new Graph();
  const [x, weight] = [graph.input('x', 'float32', [4, 8]), graph.input('weight', 'float32', [8, 8])];
  const half = inHalfPrecision(graph, { results: [build(x, weight)], halfInputs: new Set([weight]) });
  return half.graph.nodes.map(({ op, outputs: [output] }) => `${op} ${output!.type}`);
}

describe('a graph in half precision', () => {
  test('has its products in float16 and its results as they were', () => {
    expect(typed((x, weight) => gemm(x, weight, null, {}))).toEqual([
      'Cast float16',
      'Gemm float16',
      'Cast float32',
    ]);
  });

  test('casts a value once, however many read it', () => {
    expect(typed((x, weight) => add(gemm(x, weight, null, {}), gemm(x, weight, null, {})))).toEqual([
      'Cast float16',
      'Gemm float16',
      'Gemm float16',
      'Add float16',
      'Cast float32',
    ]);
  });

  test('has sums and softmaxes in float32, among them sums that are written as products', () => {
    expect(typed((x, weight) => softmax(matmul(x, weight))).slice(-2)).toEqual([
      'Cast float32',
      'Softmax float32',
    ]);
    expect(typed((x, weight) => reduceSum(matmul(x, weight), [0]))).toContain('ReduceSum float32');
    expect(typed((x, weight) => sumRows(gemm(x, weight, null, {})))).toContain('MatMul float32');
    expect(typed((x, weight) => exp(matmul(x, weight)))).toContain('Exp float32');
  });

  test('has what goes number by number in the type of the larger operand, float32 where they differ', () => {
    const product = (x: Value, weight: Value) => gemm(x, weight, null, {});
    const row = (x: Value) => reduceSum(x, [0], true);
    expect(typed((x, weight) => mul(product(x, weight), row(x)))).toContain('Mul float16');
    expect(typed((x, weight) => sub(product(x, weight), x))).toContain('Sub float32');
  });

  test('keeps a constant that float16 has not: too large, or so small that it would be another', () => {
    const scaled = (by: number) => typed((x, weight) => mul(gemm(x, weight, null, {}), by));
    expect(scaled(0.5)).toContain('Mul float16');
    expect(scaled(1e-30)).toContain('Mul float32');
    expect(scaled(-3e38)).toContain('Mul float32');
  });

  test('gives norms their statistics and enlargements their factors in float32', () => {
    const graph = new Graph();
    const x = graph.input('x', 'float32', [2, 2, 4, 4]);
    const ones = graph.filled('float32', [4], 1);
    const { output, mean } = layerNormalization(x, ones, null, 1e-5);
    const results = [upsampleNearest(output, 2), mean];
    const half = inHalfPrecision(graph, { results, halfInputs: new Set([x]) });
    const [norm, resize] = ['LayerNormalization', 'Resize'].map((op) =>
      half.graph.nodes.find((node) => node.op === op),
    );
    expect(norm!.outputs.map(({ type }) => type)).toEqual(['float16', 'float32', 'float32']);
    expect(resize!.inputs.map((input) => input?.type)).toEqual(['float16', undefined, 'float32']);
  });

  test('is refused of an operator that has no place in the table', () => {
    const graph = new Graph();
    const x = graph.input('x', 'float32', [2]);
    const [y] = graph.node('Celu', [x], {}, [{ type: 'float32', shape: [2] }]);
    expect(() => inHalfPrecision(graph, { results: [y!] })).toThrow('The operator Celu has no place');
  });
});
