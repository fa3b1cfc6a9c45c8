import type { Graph, Value } from './graph.ts';

const made = new WeakMap<Graph, Map<string, Value>>();

/** A large constant of integers, made once for a graph: they are known by a name, since comparing contents takes long. */
export function rememberedIndices(
  graph: Graph,
  key: readonly (string | number)[],
  shape: readonly number[],
  make: () => Int32Array<ArrayBuffer>,
): Value {
  const known = made.get(graph) ?? new Map<string, Value>();
  made.set(graph, known);
  const name = key.join(' ');
  const value = known.get(name) ?? graph.constant('int32', shape, make());
  known.set(name, value);
  return value;
}
