import { elementCount } from '../../graph/data-type.ts';
import type { Node, Value } from '../../graph/graph.ts';
import { mul, sub } from '../../graph/ops/elementwise.ts';
import { reduceSum } from '../../graph/ops/reduce.ts';
import { expand, reshape } from '../../graph/ops/shape.ts';
import type { RuleTable } from '../rule.ts';

export const reduceRules: RuleTable = {
  ReduceSum: ({ node, outputGradients: [dy] }) => [spread(node, dy!), null],
  ReduceMean: ({ node, outputGradients: [dy] }) => {
    const count = elementCount(node.inputs[0]!.shape) / elementCount(node.outputs[0]!.shape);
    return [mul(spread(node, dy!), 1 / count)];
  },
  // y = softmax(x): dx = y (dy - Σ dy·y)
  Softmax: ({ node, outputGradients: [dy], options: sums }) => {
    const y = node.outputs[0]!;
    const weighted = mul(dy!, y);
    return [sub(weighted, mul(y, reduceSum(weighted, [y.shape.length - 1], true, sums)))];
  },
};

/** The gradient of a reduction's output, given back to every element that went into it. */
function spread(node: Node, dy: Value): Value {
  const x = node.inputs[0]!;
  const axesAttribute = node.attributes.axes;
  const axes =
    axesAttribute && 'ints' in axesAttribute
      ? axesAttribute.ints
      : Array.from(x.graph.constants.get(node.inputs[1]!.name)!.data, Number);
  const kept = x.shape.map((extent, i) => (axes.includes(i) ? 1 : extent));
  return expand(reshape(dy, kept), x.shape);
}
