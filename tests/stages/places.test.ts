import { expect, test } from 'vitest';

import type { DataArray } from '../../native/graph/data-type.ts';
import { Graph } from '../../native/graph/graph.ts';
import type { Runtime, Tensor } from '../../native/runtime/runtime.ts';
import { createPlaces } from '../../native/stages/places.ts';

const graph = new Graph();
let count = 0;
const value = (...shape: readonly number[]) => graph.input(`value-${count++}`, 'float32', shape);

/** Where tensors are arrays they are made over one; elsewhere without. */
function placesOn(tensorsAreArrays: boolean) {
  const given: (DataArray | undefined)[] = [];
  const tensor = (type: Tensor['type'], shape: readonly number[], data?: DataArray): Tensor => {
    given.push(data);
    return { type, shape } as Tensor;
  };
  const runtime: Pick<Runtime, 'tensorsAreArrays' | 'tensor'> = { tensorsAreArrays, tensor };
  return { places: createPlaces(runtime), given };
}

test('values of one graph never share memory, and graphs of like shapes share all of it', () => {
  const { places, given } = placesOn(true);
  const first = places([value(4, 64, 64), value(4, 64, 64), value(10)]);
  expect(first.map(({ shape }) => shape)).toEqual([[4, 64, 64], [4, 64, 64], [10]]);
  expect(given.map((data) => data!.length).sort((a, b) => a - b)).toEqual([10, 16384, 16384]);
  expect(new Set(given.map((data) => data!.buffer)).size).toBe(3);
  places([value(9), value(4, 63, 65), value(4, 56, 73)]);
  expect(given).toHaveLength(6);
  expect(new Set(given.map((data) => data!.buffer)).size).toBe(3);
  expect(new Set(given.slice(3).map((data) => data!.buffer)).size).toBe(3);
});

test('what is larger than all there was has memory of its own', () => {
  const { places, given } = placesOn(true);
  places([value(100)]);
  places([value(1000), value(100)]);
  expect(given.map((data) => data!.length)).toEqual([100, 1000, 100]);
  expect(given[2]!.buffer).toBe(given[0]!.buffer);
  expect(given[1]!.buffer.byteLength).toBeGreaterThanOrEqual(4000);
});

test('on a device every graph has its own', () => {
  const { places, given } = placesOn(false);
  places([value(2, 3)]);
  expect(given).toEqual([undefined]);
});
