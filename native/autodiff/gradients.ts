import type { BackwardOptions, Block, BlockGradient, Graph, Node, Value } from '../graph/graph.ts';
import { add, cast } from '../graph/ops/elementwise.ts';
import { mergeRules } from './rule.ts';
import { convRules } from './rules/conv.ts';
import { elementwiseRules } from './rules/elementwise.ts';
import { matmulRules } from './rules/matmul.ts';
import { normRules } from './rules/norm.ts';
import { reduceRules } from './rules/reduce.ts';
import { resampleRules } from './rules/resample.ts';
import { shapeRules } from './rules/shape.ts';
import { unbroadcast } from './unbroadcast.ts';

const rules = mergeRules([
  elementwiseRules,
  shapeRules,
  matmulRules,
  convRules,
  reduceRules,
  normRules,
  resampleRules,
]);

export interface GradientOptions extends BackwardOptions {
  /** The gradient of the loss itself, by default 1; another number, or a scalar of the graph, scales all gradients. */
  readonly seed?: number | Value;
  /**
   * Whether the gradient of picked rows is added up by ScatterND, the fastest on a processor. A GPU adds in whatever order its
   * threads come, and so has other bits each time; by default it is a product with ones where rows were picked.
   */
  readonly scatters?: boolean;
  /**
   * Told each time the walk backwards comes to where the graph had so many nodes, before it goes on: what is appended from then
   * on differentiates what was built before.
   */
  readonly onNode?: (position: number) => void;
}

/**
 * Reverse-mode differentiation: appends to the graph the nodes that compute the gradient of the scalar `loss` with
 * respect to each value of `wrt`, and returns those gradients in order. A value the loss does not depend on has a
 * gradient of zeros. Every gradient has its value's type. Where blocks lie in one another, the outermost that has a
 * gradient of its own is taken by that.
 *
 * Throws, naming operator and node, where an operator on the way has no gradient rule.
 */
export function gradients(
  graph: Graph,
  loss: Value,
  wrt: readonly Value[],
  { seed = 1, scatters = false, onNode, ...options }: GradientOptions = {},
): Value[] {
  if (loss.shape.length !== 0)
    throw new Error(`Only a scalar can be differentiated, not [${loss.shape.join(', ')}].`);
  const forward = graph.nodes.length;
  const wanted = dependents(graph, wrt);
  const partial = new Map<string, Value>([
    [loss.name, typeof seed === 'number' ? graph.scalar(loss.type, seed) : seed],
  ]);

  const accumulate = (inputs: readonly (Value | null)[], found: readonly (Value | null)[]): void => {
    inputs.forEach((input, i) => {
      const gradient = found[i];
      if (!input || !gradient || !wanted.has(input.name)) return;
      const mine = cast(unbroadcast(gradient, input.shape, options), input.type);
      const before = partial.get(input.name);
      partial.set(input.name, before ? add(before, mine) : mine);
    });
  };

  const ruled = new Map(ruledBlocks(graph.blocks).map((block) => [block.end, block]));
  graph.scoped('gradient', () => {
    for (let i = forward; i > 0;) {
      onNode?.(i);
      const block = ruled.get(i);
      const step: RuledBlock | Node = block ?? graph.nodes[i - 1]!;
      i = block ? block.begin : i - 1;
      if (block) checkInside(graph, block, partial);
      const outputGradients = step.outputs.map((output) => partial.get(output.name) ?? null);
      const inputWanted = step.inputs.map((input) => input !== null && wanted.has(input.name));
      if (!inputWanted.some(Boolean) || outputGradients.every((gradient) => gradient === null)) continue;
      if (block) {
        accumulate(block.inputs, block.gradient(outputGradients, options));
        continue;
      }
      const node = step as Node;
      const rule = rules.get(node.op);
      if (!rule) throw new Error(`The operator ${node.op} has no gradient rule (node ${node.name}).`);
      accumulate(node.inputs, rule({ node, outputGradients, wanted: inputWanted, options, scatters }));
    }
  });
  return wrt.map((value) => partial.get(value.name) ?? graph.filled(value.type, value.shape, 0));
}

type RuledBlock = Block & { readonly gradient: BlockGradient };

/** The outermost blocks with a gradient of their own, in order. */
function ruledBlocks(blocks: readonly Block[]): RuledBlock[] {
  return blocks.flatMap((block) => {
    if (!hasGradient(block)) return ruledBlocks(block.children);
    return block.end > block.begin ? [block] : [];
  });
}

function hasGradient(block: Block): block is RuledBlock {
  return block.gradient !== null;
}

/** Throws where a value made inside of a block is read outside, though it is none of the outputs: its gradient would be lost. */
function checkInside(graph: Graph, block: RuledBlock, partial: ReadonlyMap<string, Value>): void {
  for (const { outputs } of graph.nodes.slice(block.begin, block.end)) {
    const lost = outputs.find((output) => partial.has(output.name) && !block.outputs.includes(output));
    if (lost) throw new Error(`${lost.name} is read outside of its block, whose gradient does not reach it.`);
  }
}

/** Names of all values that depend on any of `wrt`. */
function dependents(graph: Graph, wrt: readonly Value[]): Set<string> {
  const names = new Set(wrt.map((value) => value.name));
  for (const node of graph.nodes) {
    if (node.inputs.some((input) => input !== null && names.has(input.name))) {
      for (const output of node.outputs) names.add(output.name);
    }
  }
  return names;
}
