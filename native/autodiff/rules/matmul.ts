import type { SumOptions } from '../../graph/data-type.ts';
import type { Node, Value } from '../../graph/graph.ts';
import { gemm, matmul } from '../../graph/ops/matmul.ts';
import { sumRows } from '../../graph/ops/reduce.ts';
import { transpose } from '../../graph/ops/shape.ts';
import type { RuleTable } from '../rule.ts';

export const matmulRules: RuleTable = {
  MatMul: ({ node, outputGradients: [dy], wanted }) => {
    const [a, b] = node.inputs as readonly [Value, Value];
    return [wanted[0] ? matmul(dy!, swapLast(b)) : null, wanted[1] ? matmul(swapLast(a), dy!) : null];
  },
  // y = A·B with A = a or aᵀ, B = b or bᵀ: dA = dy·Bᵀ, dB = Aᵀ·dy, each transposed back where needed.
  Gemm: ({ node, outputGradients: [dy], wanted, options: sums }) => {
    const [a, b] = node.inputs as readonly [Value, Value];
    const transA = flag(node, 'transA');
    const transB = flag(node, 'transB');
    const da = (): Value =>
      transA ? gemm(b, dy!, null, { transA: transB, transB: true }) : gemm(dy!, b, null, { transB: !transB });
    const db = (): Value =>
      transB ? gemm(dy!, a, null, { transA: true, transB: transA }) : gemm(a, dy!, null, { transA: !transA });
    return [
      wanted[0] ? da() : null,
      wanted[1] ? db() : null,
      ...(node.inputs[2] ? [biasGradient(node.inputs[2], dy!, sums)] : []),
    ];
  },
};

function biasGradient(bias: Value, dy: Value, sums: SumOptions): Value {
  return bias.shape.length === 1 && bias.shape[0] === dy.shape[1] ? sumRows(dy, sums) : dy;
}

function swapLast(x: Value): Value {
  const order = x.shape.map((_, i) => i);
  const last = order.pop()!;
  const before = order.pop()!;
  return transpose(x, [...order, last, before]);
}

function flag(node: Node, name: string): boolean {
  const attribute = node.attributes[name];
  return attribute !== undefined && 'int' in attribute && attribute.int === 1;
}
