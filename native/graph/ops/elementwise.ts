import { type DataType, onnxTypes } from '../data-type.ts';
import type { Value } from '../graph.ts';
import { sameType } from './same-type.ts';

/** A value, or a number that stands for a scalar constant of the other operand's type. */
export type Operand = Value | number;

/** Shape two shapes broadcast to by NumPy's rule, which is ONNX's. Throws where they do not fit. */
export function broadcastShape(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const x = a[a.length - rank + i] ?? 1;
    const y = b[b.length - rank + i] ?? 1;
    if (x !== y && x !== 1 && y !== 1) {
      throw new Error(`The shapes [${a.join(', ')}] and [${b.join(', ')}] do not broadcast.`);
    }
    return x === 1 ? y : x;
  });
}

function unary(op: string, x: Value): Value {
  return x.graph.node(op, [x], {}, [{ type: x.type, shape: x.shape }])[0]!;
}

function binary(op: string, a: Operand, b: Operand, result?: DataType): Value {
  const value = typeof a !== 'number' ? a : typeof b !== 'number' ? b : null;
  if (!value) throw new Error(`${op} needs at least one value of a graph.`);
  const { graph } = value;
  const x = typeof a === 'number' ? graph.scalar(value.type, a) : a;
  const y = typeof b === 'number' ? graph.scalar(value.type, b) : b;
  const type = sameType(op, [x, y]);
  return graph.node(op, [x, y], {}, [{ type: result ?? type, shape: broadcastShape(x.shape, y.shape) }])[0]!;
}

export const add = (a: Operand, b: Operand): Value => binary('Add', a, b);
export const sub = (a: Operand, b: Operand): Value => binary('Sub', a, b);
export const mul = (a: Operand, b: Operand): Value => binary('Mul', a, b);
export const div = (a: Operand, b: Operand): Value => binary('Div', a, b);
export const greater = (a: Operand, b: Operand): Value => binary('Greater', a, b, 'bool');
export const less = (a: Operand, b: Operand): Value => binary('Less', a, b, 'bool');
export const equal = (a: Operand, b: Operand): Value => binary('Equal', a, b, 'bool');

export const neg = (x: Value): Value => unary('Neg', x);
export const abs = (x: Value): Value => unary('Abs', x);
export const sqrt = (x: Value): Value => unary('Sqrt', x);
export const reciprocal = (x: Value): Value => unary('Reciprocal', x);
export const exp = (x: Value): Value => unary('Exp', x);
export const log = (x: Value): Value => unary('Log', x);
export const sin = (x: Value): Value => unary('Sin', x);
export const cos = (x: Value): Value => unary('Cos', x);
export const erf = (x: Value): Value => unary('Erf', x);
export const tanh = (x: Value): Value => unary('Tanh', x);
export const sigmoid = (x: Value): Value => unary('Sigmoid', x);
export const identity = (x: Value): Value => unary('Identity', x);

/** Elementwise minimum. */
export const minimum = (a: Operand, b: Operand): Value => binary('Min', a, b);

/** Elementwise maximum. */
export const maximum = (a: Operand, b: Operand): Value => binary('Max', a, b);

/** Limits every element to [low, high]; its gradient is zero outside. */
export function clip(x: Value, low: number, high: number): Value {
  const { graph, type } = x;
  return graph.node('Clip', [x, graph.scalar(type, low), graph.scalar(type, high)], {}, [
    { type, shape: x.shape },
  ])[0]!;
}

export function cast(x: Value, type: DataType): Value {
  return x.type === type
    ? x
    : x.graph.node('Cast', [x], { to: { int: onnxTypes[type] } }, [{ type, shape: x.shape }])[0]!;
}

/** `condition ? a : b`, broadcasting. */
export function where(condition: Value, a: Value, b: Value): Value {
  const shape = broadcastShape(broadcastShape(condition.shape, a.shape), b.shape);
  return condition.graph.node('Where', [condition, a, b], {}, [
    { type: sameType('Where', [a, b]), shape },
  ])[0]!;
}

/** 1, 0 or -1; 0 also of what is no number. Of comparisons, since WebGPU has no Sign. */
export function sign(x: Value): Value {
  const { graph, type } = x;
  const notPositive = where(less(x, 0), graph.scalar(type, -1), graph.scalar(type, 0));
  return where(greater(x, 0), graph.scalar(type, 1), notPositive);
}
