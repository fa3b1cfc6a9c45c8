import type { Value } from '../graph.ts';
import { broadcastShape } from './elementwise.ts';
import { sameType } from './same-type.ts';

/** [..., m, k] x [..., k, n] -> [..., m, n], batch axes broadcast. */
export function matmul(a: Value, b: Value): Value {
  const [m, k] = a.shape.slice(-2);
  const [k2, n] = b.shape.slice(-2);
  if (a.shape.length < 2 || b.shape.length < 2 || k !== k2) {
    throw new Error(`MatMul: [${a.shape.join(', ')}] and [${b.shape.join(', ')}] do not multiply.`);
  }
  const shape = [...broadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2)), m!, n!];
  return a.graph.node('MatMul', [a, b], {}, [{ type: sameType('MatMul', [a, b]), shape }])[0]!;
}

export interface GemmOptions {
  readonly transA?: boolean;
  readonly transB?: boolean;
}

/** a [m, k] (or [k, m] with transA) x b [k, n] (or [n, k] with transB) + c, where c broadcasts to [m, n]. */
export function gemm(
  a: Value,
  b: Value,
  c: Value | null,
  { transA = false, transB = false }: GemmOptions,
): Value {
  const [m, k] = transA ? [a.shape[1], a.shape[0]] : a.shape;
  const [k2, n] = transB ? [b.shape[1], b.shape[0]] : b.shape;
  if (a.shape.length !== 2 || b.shape.length !== 2 || k !== k2) {
    throw new Error(`Gemm: [${a.shape.join(', ')}] and [${b.shape.join(', ')}] do not multiply.`);
  }
  const attributes = { transA: { int: Number(transA) }, transB: { int: Number(transB) } };
  const inputs = c ? [a, b, c] : [a, b];
  const type = sameType('Gemm', inputs);
  return a.graph.node('Gemm', inputs, attributes, [{ type, shape: [m!, n!] }])[0]!;
}
