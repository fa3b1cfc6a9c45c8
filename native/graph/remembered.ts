import type { DataArrays } from './data-type.ts';
import type { Graph, Value } from './graph.ts';

const made = new WeakMap<Graph, Map<string, Value>>();

/** A large constant, made once for a graph: it is known by a name, since comparing contents takes long. */
export function rememberedConstant<T extends 'int32' | 'float32'>(
  graph: Graph,
  type: T,
  key: readonly (string | number)[],
  shape: readonly number[],
  make: () => DataArrays[T],
): Value {
  const known = made.get(graph) ?? new Map<string, Value>();
  made.set(graph, known);
  const name = `${type} ${key.join(' ')}`;
  const value = known.get(name) ?? graph.constant(type, shape, make());
  known.set(name, value);
  return value;
}

/** The same of integers. */
export function rememberedIndices(
  graph: Graph,
  key: readonly (string | number)[],
  shape: readonly number[],
  make: () => Int32Array<ArrayBuffer>,
): Value {
  return rememberedConstant(graph, 'int32', key, shape, make);
}
