import { type DataType, elementCount } from './data-type.ts';
import { type Block, Graph, type Node, type Value } from './graph.ts';
import { float32ToFloat16 } from './half.ts';
import { inScope } from './in-scope.ts';
import { cast } from './ops/elementwise.ts';
import { fitsHalf, precisionOf, resultType, staysSingle } from './precision-table.ts';
import { liveNodes } from './serialize.ts';

export interface HalfPrecision {
  readonly graph: Graph;
  /** What stands in the new graph for an input or a result of the old one. */
  readonly valueOf: (value: Value) => Value;
  /** How many nodes the new graph had when the old one's first so many were in it. */
  readonly positionOf: (position: number) => number;
}

export interface HalfPrecisionOptions {
  /** Float32 in the new graph as they were in the old. */
  readonly results: readonly Value[];
  /** Inputs that are float16 in the new graph: weights that nobody trains. All others keep their types. */
  readonly halfInputs?: ReadonlySet<Value>;
}

/**
 * A float32 graph, differentiated or not, as one that computes in float16 where the table of precisions says so. Values are
 * cast where they pass from one type to the other, once each.
 */
export function inHalfPrecision(
  old: Graph,
  { results, halfInputs = new Set() }: HalfPrecisionOptions,
): HalfPrecision {
  const graph = new Graph();
  const made = new Map<Value, Value>();
  const casts = new Map<Value, Value>();
  for (const input of old.inputs) {
    const type = halfInputs.has(input) ? 'float16' : input.type;
    made.set(input, graph.input(input.name, type, input.shape));
  }
  const constants = constantsIn(old, graph);
  const operand = (value: Value, type: DataType): Value => {
    const constant = constants(value, type);
    if (constant) return constant;
    const own = made.get(value)!;
    if (value.type !== 'float32' || own.type === type) return own;
    const known = casts.get(own);
    if (known) return known;
    const other = cast(own, type);
    casts.set(own, other);
    return other;
  };

  const live = new Set(liveNodes(old, results));
  const asked = new Set(results);
  const positions: number[] = [];
  for (const node of old.nodes) {
    positions.push(graph.nodes.length);
    if (!live.has(node)) continue;
    const type = typeOf(node, old, made);
    const inputs = node.inputs.map(
      (input, i) => input && operand(input, staysSingle(node, i) ? 'float32' : type),
    );
    const specs = node.outputs.map((output, i) => ({
      type: output.type === 'float32' ? resultType(node, i, type) : output.type,
      shape: output.shape,
      optional: i >= node.required,
    }));
    const outputs = inScope(graph, node, () => graph.node(node.op, inputs, node.attributes, specs));
    for (const [i, output] of node.outputs.entries()) {
      made.set(output, outputs[i]!);
      // Widened here and not at the end, where stages would have to keep every gradient for it.
      if (asked.has(output)) operand(output, 'float32');
    }
    // What was widened is to be had as it was.
    const [source] = inputs;
    if (node.op === 'Cast' && source?.type === 'float16') casts.set(outputs[0]!, source);
  }
  positions.push(graph.nodes.length);
  graph.blocks.push(...old.blocks.map((block) => moved(block, positions)));
  const ends = new Map(results.map((value) => [value, operand(value, 'float32')]));
  return {
    graph,
    valueOf: (value) => ends.get(value) ?? made.get(value)!,
    positionOf: (position) => positions[position]!,
  };
}

/** A block by where its nodes are in the new graph: what belongs together does so in any type. */
function moved(block: Block, positions: readonly number[]): Block {
  const children = block.children.map((child) => moved(child, positions));
  return { ...block, begin: positions[block.begin]!, end: positions[block.end]!, children };
}

/** The type a node computes in. */
function typeOf(node: Node, old: Graph, made: ReadonlyMap<Value, Value>): DataType {
  const precision = precisionOf(node);
  if (precision === 'half') return 'float16';
  if (precision !== 'follows') return 'float32';
  const operands = node.inputs.filter(
    (input, i): input is Value => input?.type === 'float32' && !staysSingle(node, i),
  );
  const constants = operands.flatMap(({ name }) => old.constants.get(name) ?? []);
  if (!constants.every(({ data }) => fitsHalf(data as Float32Array))) return 'float32';
  const numbers = operands.filter(({ name }) => !old.constants.has(name));
  const largest = Math.max(...numbers.map(({ shape }) => elementCount(shape)));
  const decisive = numbers.filter(({ shape }) => elementCount(shape) === largest);
  const isHalf = decisive.length > 0 && decisive.every((input) => made.get(input)!.type === 'float16');
  return isHalf ? 'float16' : 'float32';
}

/** The old graph's constants in the new one, in the types they are asked for in. */
function constantsIn(old: Graph, graph: Graph): (value: Value, type: DataType) => Value | null {
  const known = new Map<string, Value>();
  return (value, wanted) => {
    const constant = old.constants.get(value.name);
    if (!constant) return null;
    const type = value.type === 'float32' ? wanted : value.type;
    const key = `${type} ${value.name}`;
    const found = known.get(key);
    if (found) return found;
    const data = type === value.type ? constant.data : float32ToFloat16(constant.data as Float32Array);
    const placed = graph.constant(type, value.shape, data as never);
    known.set(key, placed);
    return placed;
  };
}
