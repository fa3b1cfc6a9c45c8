import { expect, test } from 'vitest';

import { Graph, type Value } from '../../native/graph/graph.ts';
import { planBuffers } from '../../native/stages/buffers.ts';
import type { Stage } from '../../native/stages/stage.ts';

const graph = new Graph();
const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((name) => graph.input(name, 'float32', [4])) as [
  Value,
  Value,
  Value,
  Value,
];
const other = graph.input('other', 'float32', [2, 2]);
const stage = (inputs: readonly Value[], outputs: readonly Value[]): Stage => ({
  nodes: [],
  inputs,
  outputs,
});

test('values share a place once nothing reads the former any more, and never while a stage reads one and gives the other', () => {
  const { places, placeOf } = planBuffers(
    [stage([], [a]), stage([a], [b]), stage([b], [c]), stage([a, c], [d])],
    new Set(),
  );
  // `a` is read to the end; `b` is free once the third stage is over.
  expect(placeOf.get(d)).toBe(placeOf.get(b));
  expect(new Set([placeOf.get(a), placeOf.get(b), placeOf.get(c)]).size).toBe(3);
  expect(places).toHaveLength(3);
});

test('what nothing reads keeps its place for its own stage alone', () => {
  const { placeOf } = planBuffers([stage([], [a, b]), stage([a], [c])], new Set());
  expect(placeOf.get(b)).not.toBe(placeOf.get(a));
  expect(placeOf.get(c)).toBe(placeOf.get(b));
});

test('values of another shape have places of their own, and what has a tensor already has none', () => {
  const { places, placeOf } = planBuffers(
    [stage([], [a]), stage([a], [b]), stage([b], [other, c])],
    new Set([c]),
  );
  expect(places.map(({ shape }) => shape)).toEqual([[4], [4], [2, 2]]);
  expect(placeOf.has(c)).toBe(false);
});
