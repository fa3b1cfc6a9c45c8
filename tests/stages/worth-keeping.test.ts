import { expect, test } from 'vitest';

import { Graph, type Value } from '../../native/graph/graph.ts';
import { add, exp, mul } from '../../native/graph/ops/elementwise.ts';
import { matmul } from '../../native/graph/ops/matmul.ts';
import { reshape, split, transpose } from '../../native/graph/ops/shape.ts';
import { bestSavings, type Saving, worthKeeping } from '../../native/stages/worth-keeping.ts';

/** A module over an input, and what of its values the way back reads. */
function moduleOf(build: (x: Value, weight: Value) => readonly Value[]) {
  const graph = new Graph();
  const read = build(graph.input('x', 'float32', [64, 1024]), graph.input('weight', 'float32', [1024, 64]));
  const forward = [...graph.nodes];
  for (const value of read) exp(value);
  return { forward, backward: graph.nodes.slice(forward.length) };
}
const valuesOf = (savings: readonly Saving[]): Value[] => savings.map(({ value }) => value);

test('what a product gives is kept, and what is made of it number by number is computed again', () => {
  let product!: Value;
  const module = moduleOf((x, weight) => {
    product = matmul(x, weight);
    const sum = add(product, product);
    return [sum, mul(product, sum)];
  });
  const savings = worthKeeping(module, new Set());
  expect(savings).toEqual([{ value: product, bytes: 64 * 64 * 4, work: 2 * 64 * 64 * 1024 }]);
});

test('of a chain of products the last is kept, if nothing reads those before it', () => {
  let last!: Value;
  const module = moduleOf((x, weight) => {
    last = matmul(matmul(matmul(x, weight), x), weight);
    return [last];
  });
  expect(valuesOf(worthKeeping(module, new Set()))).toEqual([last]);
});

test('what has another shape or order is not kept, but what it is made of', () => {
  let product!: Value;
  const module = moduleOf((x, weight) => {
    product = matmul(x, weight);
    return [reshape(transpose(product, [1, 0]), [64 * 64])];
  });
  expect(valuesOf(worthKeeping(module, new Set()))).toEqual([product]);
});

test('what one node gives in several parts is made together, as long as one of them is asked for', () => {
  let product!: Value;
  let halves!: Value[];
  const build = (count: number) => (x: Value, weight: Value) => {
    product = matmul(x, weight);
    halves = split(product, [32, 32], 1).map(exp);
    return halves.slice(0, count);
  };
  expect(valuesOf(worthKeeping(moduleOf(build(2)), new Set()))).toEqual([product]);
  expect(valuesOf(worthKeeping(moduleOf(build(1)), new Set()))).toEqual([halves[0]]);
});

test('nothing is kept twice, nor what the way back does not read', () => {
  let product!: Value;
  const module = moduleOf((x, weight) => {
    product = matmul(x, weight);
    matmul(product, x);
    return [product];
  });
  expect(worthKeeping(module, new Set([product]))).toEqual([]);
  expect(valuesOf(worthKeeping(module, new Set()))).toEqual([product]);
});

test('of all modules, what saves the most for its bytes comes first, and as much as there is room for', () => {
  const graph = new Graph();
  const saving = (name: string, bytes: number, work: number): Saving => ({
    value: graph.input(name, 'float32', [1]),
    bytes,
    work,
  });
  const lists = [
    [saving('a', 100, 9000), saving('b', 100, 2000)],
    [saving('c', 300, 15000), saving('d', 100, 4000)],
  ];
  const names = (bytes: number): string[] => [...bestSavings(lists, bytes)].map(({ name }) => name);
  expect(names(Infinity)).toEqual(['a', 'c', 'd', 'b']);
  expect(names(399)).toEqual(['a', 'b']);
  expect(names(400)).toEqual(['a', 'c']);
  expect(names(0)).toEqual([]);
});
