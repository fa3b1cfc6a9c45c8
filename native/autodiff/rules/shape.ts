import { elementCount } from '../../graph/data-type.ts';
import type { Node, Value } from '../../graph/graph.ts';
import { cast, equal } from '../../graph/ops/elementwise.ts';
import { matmul } from '../../graph/ops/matmul.ts';
import {
  concat,
  expand,
  gather,
  pad,
  reshape,
  scatterAddRows,
  slice,
  transpose,
} from '../../graph/ops/shape.ts';
import type { RuleTable } from '../rule.ts';

export const shapeRules: RuleTable = {
  Reshape: ({ node, outputGradients: [dy] }) => [reshape(dy!, node.inputs[0]!.shape), null],
  Transpose: ({ node, outputGradients: [dy] }) => {
    const order = ints(node, 'perm');
    return [
      transpose(
        dy!,
        order.map((_, i) => order.indexOf(i)),
      ),
    ];
  },
  Concat: ({ node, outputGradients: [dy] }) => {
    const axis = int(node, 'axis');
    let begin = 0;
    return node.inputs.map((input) => {
      const end = begin + input!.shape[axis]!;
      const piece = slice(dy!, [{ axis, begin, end }]);
      begin = end;
      return piece;
    });
  },
  Slice: ({ node, outputGradients: [dy] }) => {
    const x = node.inputs[0]!;
    const [begins, , axes, steps] = node.inputs.slice(1).map((input) => constantInts(input!));
    if (steps!.some((step) => step !== 1))
      throw new Error(`A strided Slice has no gradient rule (node ${node.name}).`);
    const before = x.shape.map(() => 0);
    axes!.forEach((axis, i) => (before[axis] = begins![i]!));
    const after = x.shape.map((extent, i) => extent - before[i]! - dy!.shape[i]!);
    return [pad(dy!, before, after), null, null, null, null];
  },
  Split: ({ node, outputGradients }) => {
    const pieces = node.outputs.map(
      (output, i) => outputGradients[i] ?? output.graph.filled(output.type, output.shape, 0),
    );
    return [concat(pieces, int(node, 'axis')), null];
  },
  // The sum back over what was broadcast happens where all gradients are un-broadcast.
  Expand: ({ outputGradients: [dy] }) => [dy!, null],
  Pad: ({ node, outputGradients: [dy] }) => {
    const x = node.inputs[0]!;
    const before = constantInts(node.inputs[1]!);
    const ranges = x.shape.map((extent, axis) => ({
      axis,
      begin: before[axis]!,
      end: before[axis]! + extent,
    }));
    return [slice(dy!, ranges), null];
  },
  Gather: ({ node, outputGradients: [dy], scatters }) => {
    const [table, indices] = node.inputs as readonly [Value, Value];
    if (int(node, 'axis') !== 0)
      throw new Error(`Gather has a gradient rule on axis 0 only (node ${node.name}).`);
    const count = indices.shape.reduce((product, extent) => product * extent, 1);
    // A row picked many times is a sum of many, for which float16 is too short; ONNX Runtime's CPU provider has none in it.
    const type = table.type === 'float16' ? 'float32' : table.type;
    const rows = cast(reshape(dy!, [count, ...table.shape.slice(1)]), type);
    const inOrder = table.shape[0]! <= mostRows && table.shape[0]! * count <= mostPicks;
    if (!scatters && inOrder) return [sumOfPicks(table, indices, rows), null];
    const zeros = expand(table.graph.scalar(type, 0), table.shape);
    return [scatterAddRows(zeros, reshape(cast(indices, 'int64'), [count, 1]), rows), null];
  },
};

/** Elements of a matrix that says which row was picked where: a gigabyte. */
const mostPicks = 2 ** 28;
/** Rows whose numbers float32 tells apart. */
const mostRows = 2 ** 24;

/** Every row of a table's gradient as the sum of those [count, ...] that were picked from it. */
function sumOfPicks(table: Value, indices: Value, picked: Value): Value {
  const { graph, shape } = table;
  const [rows, count] = [shape[0]!, picked.shape[0]!];
  const numbers = graph.constant(
    'float32',
    [rows, 1],
    Float32Array.from({ length: rows }, (_, row) => row),
  );
  // Picked as numbers, not cast: WebGPU has no Cast of int64.
  const matches = equal(numbers, reshape(gather(numbers, indices, 0), [1, count]));
  const flat = reshape(picked, [count, elementCount(picked.shape) / count]);
  return reshape(matmul(cast(matches, picked.type), flat), shape);
}

function int(node: Node, name: string): number {
  const attribute = node.attributes[name];
  if (!attribute || !('int' in attribute)) throw new Error(`${node.name} has no integer attribute ${name}.`);
  return attribute.int;
}

function ints(node: Node, name: string): readonly number[] {
  const attribute = node.attributes[name];
  if (!attribute || !('ints' in attribute))
    throw new Error(`${node.name} has no integers attribute ${name}.`);
  return attribute.ints;
}

function constantInts(value: Value): number[] {
  const constant = value.graph.constants.get(value.name);
  if (!constant) throw new Error(`${value.name} is not a constant.`);
  return Array.from(constant.data, Number);
}
