import type { Value } from '../../graph/graph.ts';
import {
  cast,
  cos,
  div,
  exp,
  greater,
  less,
  mul,
  neg,
  sin,
  sub,
  where,
} from '../../graph/ops/elementwise.ts';
import type { RuleTable } from '../rule.ts';

const twoOverSqrtPi = 2 / Math.sqrt(Math.PI);

export const elementwiseRules: RuleTable = {
  Add: ({ outputGradients: [dy] }) => [dy!, dy!],
  Sub: ({ outputGradients: [dy], wanted }) => [dy!, wanted[1] ? neg(dy!) : null],
  Mul: ({ node, outputGradients: [dy], wanted }) => {
    const [a, b] = node.inputs;
    return [wanted[0] ? mul(dy!, b!) : null, wanted[1] ? mul(dy!, a!) : null];
  },
  Div: ({ node, outputGradients: [dy], wanted }) => {
    const [, b] = node.inputs;
    const overB = div(dy!, b!);
    return [overB, wanted[1] ? neg(mul(overB, node.outputs[0]!)) : null];
  },
  Neg: ({ outputGradients: [dy] }) => [neg(dy!)],
  Identity: ({ outputGradients: [dy] }) => [dy!],
  // Not as a product with Sign, which WebGPU does not have.
  Abs: ({ node, outputGradients: [dy] }) => {
    const x = node.inputs[0]!;
    const zero = zeroLike(dy!);
    return [where(less(x, zeroLike(x)), neg(dy!), where(greater(x, zeroLike(x)), dy!, zero))];
  },
  // y = sqrt(x): dx = dy / 2y
  Sqrt: ({ node, outputGradients: [dy] }) => [mul(div(dy!, node.outputs[0]!), 0.5)],
  // y = 1/x: dx = -dy y²
  Reciprocal: ({ node, outputGradients: [dy] }) => {
    const y = node.outputs[0]!;
    return [neg(mul(dy!, mul(y, y)))];
  },
  Exp: ({ node, outputGradients: [dy] }) => [mul(dy!, node.outputs[0]!)],
  Log: ({ node, outputGradients: [dy] }) => [div(dy!, node.inputs[0]!)],
  Sin: ({ node, outputGradients: [dy] }) => [mul(dy!, cos(node.inputs[0]!))],
  Cos: ({ node, outputGradients: [dy] }) => [neg(mul(dy!, sin(node.inputs[0]!)))],
  Erf: ({ node, outputGradients: [dy] }) => {
    const x = node.inputs[0]!;
    return [mul(mul(dy!, exp(neg(mul(x, x)))), twoOverSqrtPi)];
  },
  Tanh: ({ node, outputGradients: [dy] }) => {
    const y = node.outputs[0]!;
    return [mul(dy!, sub(1, mul(y, y)))];
  },
  Sigmoid: ({ node, outputGradients: [dy] }) => {
    const y = node.outputs[0]!;
    return [mul(dy!, mul(y, sub(1, y)))];
  },
  // Inside the limits the output equals the input. In float32, where no difference of two float16 vanishes as a square.
  Clip: ({ node, outputGradients: [dy] }) => {
    const [x, y] = [cast(node.inputs[0]!, 'float32'), cast(node.outputs[0]!, 'float32')];
    const outside = mul(sub(x, y), sub(x, y));
    return [where(less(outside, 1e-30), dy!, zeroLike(dy!)), null, null];
  },
  Min: ({ node, outputGradients: [dy] }) => {
    const [a, b] = node.inputs;
    const zero = zeroLike(dy!);
    const first = less(a!, b!);
    return [where(first, dy!, zero), where(first, zero, dy!)];
  },
  Max: ({ node, outputGradients: [dy] }) => {
    const [a, b] = node.inputs;
    const zero = zeroLike(dy!);
    const second = less(a!, b!);
    return [where(second, zero, dy!), where(second, dy!, zero)];
  },
  Where: ({ node, outputGradients: [dy] }) => {
    const [condition] = node.inputs;
    const zero = zeroLike(dy!);
    return [null, where(condition!, dy!, zero), where(condition!, zero, dy!)];
  },
  Cast: ({ node, outputGradients: [dy] }) => [cast(dy!, node.inputs[0]!.type)],
  // From here on, gradients exist nowhere: comparisons are steps.
  Greater: () => [null, null],
  Less: () => [null, null],
  Equal: () => [null, null],
};

function zeroLike({ graph, type }: Value): Value {
  return graph.scalar(type, 0);
}
