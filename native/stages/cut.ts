import type { Block, Graph, Node, Value } from '../graph/graph.ts';
import { liveNodes } from '../graph/serialize.ts';
import type { Stage } from './stage.ts';
import { bestSavings, worthKeeping } from './worth-keeping.ts';

/** A differentiated graph, cut so that what is inside of a module is forgotten and computed again on the way back. */
export interface StagedGraph {
  /** Forward, all but the last module. */
  readonly forward: readonly Stage[];
  /** The last module to the loss. */
  readonly loss: Stage;
  /** The last module forward and backward, then the others backward, each with what it computes again. */
  readonly backward: readonly Stage[];
  /** Bytes inside of modules that are worth keeping where there is room, whether they are kept or not. */
  readonly worthKeeping: number;
}

export interface CutOptions {
  readonly loss: Value;
  /** Results besides the loss: gradients. */
  readonly results: readonly Value[];
  /** Ends of modules, as numbers of nodes, rising; the last is that of the whole forward pass. */
  readonly ends: readonly number[];
  /** How many nodes there were when the walk backwards came to each of `ends`. */
  readonly turns: readonly number[];
  /** Bytes that may be kept of what is inside of modules, which then is not computed again; default 0. */
  readonly keptInside?: number;
}

/** Where modules end: blocks that have no gradient of their own, wherever they lie. Rising, without the graph's own end. */
export function moduleEnds({ blocks, nodes }: Graph): number[] {
  const ends = new Set<number>();
  const walk = (among: readonly Block[]): void => {
    for (const { gradient, end, children } of among) {
      if (gradient !== null) continue;
      ends.add(end);
      walk(children);
    }
  };
  walk(blocks);
  return [...ends].filter((end) => end > 0 && end < nodes.length).sort((a, b) => a - b);
}

/**
 * Cuts a differentiated graph at the ends of its modules. What one module makes and another reads is kept, as is what the
 * walk backwards has found so far; everything else lives for one stage.
 */
export function cutIntoStages(
  graph: Graph,
  { loss, results, ends, turns, keptInside = 0 }: CutOptions,
): StagedGraph {
  const last = ends.length - 1;
  const live = new Set(liveNodes(graph, [loss, ...results]));
  const forwardNodes = ranges(graph, live, [0, ...ends]);
  // The walk comes to the ends in falling order, so its ranges are those of the last module first.
  const backwardNodes = ranges(graph, live, [...turns.toReversed(), graph.nodes.length]).reverse();
  const byModule = forwardNodes.map((nodes, module) => [...nodes, ...backwardNodes[module]!]);
  const kept = readElsewhere(byModule);
  for (const value of results) kept.add(value);
  const savings = forwardNodes
    .slice(0, last)
    .map((forward, module) => worthKeeping({ forward, backward: backwardNodes[module]! }, kept));
  for (const value of bestSavings(savings, keptInside)) kept.add(value);
  const keptOf = (nodes: readonly Node[]): Value[] =>
    nodes.flatMap(({ outputs }) => outputs.filter((output) => kept.has(output)));

  const forward = forwardNodes.slice(0, last).flatMap((nodes) => stageOf(graph, nodes, keptOf(nodes), null));
  const ofLast = byModule[last]!;
  const backward = backwardNodes
    .slice(0, last)
    .map((nodes, module) => stageOf(graph, byModule[module]!, keptOf(nodes), kept))
    .reverse()
    .flat();
  return {
    forward,
    loss: stageOf(graph, forwardNodes[last]!, [loss], null)[0]!,
    backward: [
      ...stageOf(graph, ofLast, [loss, ...keptOf(ofLast).filter((value) => value !== loss)], null),
      ...backward,
    ],
    worthKeeping: savings.flat().reduce((sum, { bytes }) => sum + bytes, 0),
  };
}

/** A graph without a way back, cut at the ends of its modules; `ends` as for `cutIntoStages`. */
export function cutForward(graph: Graph, outputs: readonly Value[], ends: readonly number[]): Stage[] {
  const live = new Set(liveNodes(graph, outputs));
  const byModule = ranges(graph, live, [0, ...ends]);
  const kept = readElsewhere(byModule);
  for (const output of outputs) kept.add(output);
  return byModule.flatMap((nodes) =>
    stageOf(
      graph,
      nodes,
      nodes.flatMap(({ outputs: made }) => made.filter((value) => kept.has(value))),
      null,
    ),
  );
}

/** What nodes of one module make and those of another read. */
function readElsewhere(byModule: readonly (readonly Node[])[]): Set<Value> {
  const madeIn = new Map<Value, number>();
  byModule.forEach((nodes, module) => {
    for (const { outputs } of nodes) for (const output of outputs) madeIn.set(output, module);
  });
  const read = new Set<Value>();
  byModule.forEach((nodes, module) => {
    for (const { inputs } of nodes) {
      for (const input of inputs) {
        if (input && (madeIn.get(input) ?? module) !== module) read.add(input);
      }
    }
  });
  return read;
}

function ranges(graph: Graph, live: ReadonlySet<Node>, bounds: readonly number[]): Node[][] {
  return bounds.slice(1).map((end, i) => graph.nodes.slice(bounds[i], end).filter((node) => live.has(node)));
}

/**
 * What of `nodes` the outputs need, as a stage; none without outputs. What is `given` is read where it was kept rather than
 * computed, even where a node of these makes it.
 */
function stageOf(
  graph: Graph,
  nodes: readonly Node[],
  outputs: readonly Value[],
  given: ReadonlySet<Value> | null,
): Stage[] {
  if (outputs.length === 0) return [];
  const asked = new Set(outputs);
  const needed = new Set(outputs);
  const taken: Node[] = [];
  for (const node of nodes.toReversed()) {
    const wanted = node.outputs.some(
      (output) => needed.has(output) && (asked.has(output) || !given?.has(output)),
    );
    if (!wanted) continue;
    taken.push(node);
    for (const input of node.inputs) if (input) needed.add(input);
  }
  taken.reverse();
  const made = new Set<Value>();
  const inputs = new Set<Value>();
  for (const node of taken) {
    for (const input of node.inputs) {
      if (input && !graph.constants.has(input.name) && !made.has(input)) inputs.add(input);
    }
    for (const output of node.outputs) if (asked.has(output) || !given?.has(output)) made.add(output);
  }
  return [{ nodes: taken, inputs: [...inputs], outputs }];
}
