import type { DataType } from './data-type.ts';
import type { Node, Value } from './graph.ts';

/**
 * In which type an operator computes where a graph is one of half precision. `half`: float16. `single`: float32. `follows`: that
 * of its largest operand, float32 where two of one size differ, and where a constant among them is not to be had in float16.
 * `made`: whatever it says itself.
 */
export type Precision = 'half' | 'single' | 'follows' | 'made';

/** Products, into which nearly all time goes. */
const half = ['Conv', 'ConvTranspose', 'Gemm', 'MatMul'];

/**
 * Sums of many numbers, which lose the small ones beside a large one and overflow at 65,520; and functions that give numbers
 * far apart of numbers close together.
 */
const single = [
  ...['ReduceSum', 'ReduceMean', 'ReduceMax', 'ReduceSumSquare', 'Softmax'],
  ...['Exp', 'Log', 'Sqrt', 'Reciprocal', 'Sin', 'Cos'],
];

/** What takes numbers one by one or moves them; and norms, whose means ONNX's operator makes in float32 of its own accord. */
const follows = [
  ...['Add', 'Sub', 'Mul', 'Div', 'Neg', 'Abs', 'Min', 'Max', 'Clip', 'Where', 'Identity'],
  ...['Sigmoid', 'Tanh', 'Erf', 'Greater', 'Less', 'Equal', 'LayerNormalization', 'AveragePool', 'Resize'],
  ...['Reshape', 'Transpose', 'Concat', 'Slice', 'Split', 'Expand', 'Pad', 'Gather', 'ScatterND'],
];

const table: ReadonlyMap<string, Precision> = new Map([
  ...half.map((op) => [op, 'half'] as const),
  ...single.map((op) => [op, 'single'] as const),
  ...follows.map((op) => [op, 'follows'] as const),
  // What is made of sizes and places is whole numbers.
  ...['Cast', 'Shape', 'ArgMax'].map((op) => [op, 'made'] as const),
]);

/** Throws where an operator has no place in the table. */
export function precisionOf({ op, name, outputs }: Node): Precision {
  const found = table.get(op);
  if (!found) throw new Error(`The operator ${op} has no place in the table of precisions (node ${name}).`);
  return op === 'MatMul' && isSum(outputs[0]!) ? 'single' : found;
}

/** A product of one row or one column: a sum over the other's rows or columns, written as a product because that is faster. */
function isSum({ shape }: Value): boolean {
  return shape.at(-1) === 1 || shape.at(-2) === 1;
}

/** Least and greatest numbers but 0 that float16 has with all its bits. */
const [leastHalf, greatestHalf] = [2 ** -14, 65_504];

/** Whether float16 has these numbers about as they are: neither so small that it would lose their bits, nor too large. */
export function fitsHalf(numbers: Float32Array): boolean {
  return numbers.every((number) => {
    const size = Math.abs(number);
    return size === 0 || (size >= leastHalf && size <= greatestHalf);
  });
}

/** Operands that are float32 whatever is computed: a Resize's factors. */
export function staysSingle({ op }: Node, input: number): boolean {
  return op === 'Resize' && input === 2;
}

/** Results that are: a norm's means and deviations. */
export function resultType({ op }: Node, output: number, computed: DataType): DataType {
  return op === 'LayerNormalization' && output > 0 ? 'float32' : computed;
}
