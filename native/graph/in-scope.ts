import type { Graph, Node } from './graph.ts';

/** Names what is made like the node, but for its number. */
export function inScope<R>(graph: Graph, { name }: Node, build: () => R): R {
  const end = name.lastIndexOf('/');
  return end < 0 ? build() : graph.scoped(name.slice(0, end), build);
}
