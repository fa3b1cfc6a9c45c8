import type { Block, Graph, Node, Value } from '../graph/graph.ts';
import { add } from '../graph/ops/elementwise.ts';
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

/**
 * Reverse-mode differentiation: appends to the graph the nodes that compute the gradient of the scalar `loss` with
 * respect to each value of `wrt`, and returns those gradients in order. A value the loss does not depend on has a
 * gradient of zeros. `seed` is the gradient of the loss itself (1; another number scales all).
 *
 * Throws, naming operator and node, where an operator on the way has no gradient rule.
 */
export function gradients(graph: Graph, loss: Value, wrt: readonly Value[], seed = 1): Value[] {
  if (loss.shape.length !== 0)
    throw new Error(`Only a scalar can be differentiated, not [${loss.shape.join(', ')}].`);
  const forward = graph.nodes.length;
  const wanted = dependents(graph, wrt);
  const partial = new Map<string, Value>([[loss.name, graph.scalar(seed)]]);

  const accumulate = (inputs: readonly (Value | null)[], found: readonly (Value | null)[]): void => {
    inputs.forEach((input, i) => {
      const gradient = found[i];
      if (!input || !gradient || !wanted.has(input.name)) return;
      const mine = unbroadcast(gradient, input.shape);
      const before = partial.get(input.name);
      partial.set(input.name, before ? add(before, mine) : mine);
    });
  };

  const blocksByEnd = new Map<number, Block>(
    graph.blocks.filter((block) => block.end > block.begin).map((block) => [block.end, block]),
  );
  graph.scoped('gradient', () => {
    for (let i = forward; i > 0;) {
      const block = blocksByEnd.get(i);
      const step: Block | Node = block ?? graph.nodes[i - 1]!;
      i = block ? block.begin : i - 1;
      const outputGradients = step.outputs.map((output) => partial.get(output.name) ?? null);
      const inputWanted = step.inputs.map((input) => input !== null && wanted.has(input.name));
      if (!inputWanted.some(Boolean) || outputGradients.every((gradient) => gradient === null)) continue;
      if (block) {
        accumulate(block.inputs, block.gradient(outputGradients));
        continue;
      }
      const node = step as Node;
      const rule = rules.get(node.op);
      if (!rule) throw new Error(`The operator ${node.op} has no gradient rule (node ${node.name}).`);
      accumulate(node.inputs, rule({ node, outputGradients, wanted: inputWanted }));
    }
  });
  return wrt.map((value) => partial.get(value.name) ?? graph.filled(value.shape, 0));
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
