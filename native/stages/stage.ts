import type { Node, Value } from '../graph/graph.ts';

/** Nodes that are run together, as a graph of their own. */
export interface Stage {
  /** In the order of the whole graph; constants that they read come along. */
  readonly nodes: readonly Node[];
  /** What they read that is made elsewhere, graph inputs among it, each once, in the order it is read. */
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
}
