/**
 * Graphs are built with sizes that are known. A graph that other programs are to run with sizes of their own is found by building
 * it several times: whatever grows with a size is made of that size when the graph runs.
 */
import type { DataArray } from './data-type.ts';
import { Graph, type Node, type Value } from './graph.ts';
import { inScope } from './in-scope.ts';
import { div, mul } from './ops/elementwise.ts';
import { concat, gather } from './ops/shape.ts';

/** A size that is not known when the graph is built: an axis of one of its inputs. */
export interface FreeSize {
  /** What the axis is called in the file: `height`. */
  readonly name: string;
  readonly input: string;
  readonly axis: number;
  /** It may be any multiple of this. */
  readonly multiple: number;
}

export interface SizedGraph {
  readonly graph: Graph;
  readonly outputs: Readonly<Record<string, Value>>;
}

/** A size, or how it is made of the free ones: `height * 8`. */
export type AxisLabel = number | string;

export interface FreeGraph extends SizedGraph {
  /** Axes of inputs and outputs, by their names. */
  readonly axes: Readonly<Record<string, readonly AxisLabel[]>>;
}

/** A number of a graph as numerator / denominator times some of the free sizes, each by its place among them. */
interface Monomial {
  readonly numerator: number;
  readonly denominator: number;
  readonly sizes: readonly number[];
}

/** A build, and the values of its graph in the order of the first one's. */
type Variant = SizedGraph & { readonly sizes: readonly number[] };

/**
 * The graph with those sizes free. `build` makes it for given sizes, in the order of `free`: the same nodes whatever they are.
 *
 * Throws where nodes differ, or where a number is not a multiple of some of the sizes, each once.
 */
export function withFreeSizes(
  free: readonly FreeSize[],
  build: (sizes: readonly number[]) => SizedGraph,
): FreeGraph {
  // No two ratios of small sizes need be told apart, as one size is changed at a time; small, so that the graph does not take
  // the form it has where memory is short.
  const base = free.map(({ multiple }, i) => multiple * (i % 2 === 0 ? 2 : 1));
  const larger = free.map(({ multiple }, i) => multiple * (i % 2 === 0 ? 3 : 2));
  const changed = free.map((_, i) => base.map((size, j) => (i === j ? larger[j]! : size)));
  const [first, ...others] = [base, ...changed, larger].map((sizes): Variant => ({
    ...build(sizes),
    sizes,
  })) as [Variant, ...Variant[]];
  for (const other of others) checkSameNodes(first.graph, other.graph);
  return new Freed(free, first, others).result();
}

function checkSameNodes(one: Graph, other: Graph): void {
  const differs = one.nodes.find((node, i) => {
    const twin = other.nodes[i];
    return (
      twin?.op !== node.op ||
      twin.inputs.length !== node.inputs.length ||
      JSON.stringify(twin.attributes) !== JSON.stringify(node.attributes)
    );
  });
  if (differs === undefined && one.nodes.length === other.nodes.length) return;
  throw new Error(`The graph has other nodes for other sizes (${differs?.name ?? 'more of them'}).`);
}

class Freed {
  private readonly graph = new Graph();
  private readonly made = new Map<Value, Value>();
  private readonly computed = new Map<string, Value>();
  private readonly free: readonly FreeSize[];
  private readonly first: Variant;
  private readonly others: readonly Variant[];

  constructor(free: readonly FreeSize[], first: Variant, others: readonly Variant[]) {
    [this.free, this.first, this.others] = [free, first, others];
  }

  result(): FreeGraph {
    const { graph, first, others, made } = this;
    const axes: Record<string, readonly AxisLabel[]> = {};
    for (const [i, input] of first.graph.inputs.entries()) {
      made.set(input, graph.input(input.name, input.type, input.shape));
      axes[input.name] = this.labels(
        input.shape,
        others.map((other) => other.graph.inputs[i]!.shape),
      );
    }
    for (const [i, node] of first.graph.nodes.entries()) {
      const twins = others.map((other) => other.graph.nodes[i]!);
      const inputs = node.inputs.map((input, j) => input && this.operand(node, twins, input, j));
      const specs = node.outputs.map(({ type, shape }, j) => ({ type, shape, optional: j >= node.required }));
      const outputs = inScope(graph, node, () => graph.node(node.op, inputs, node.attributes, specs));
      node.outputs.forEach((output, j) => made.set(output, outputs[j]!));
    }
    for (const [name, { shape }] of Object.entries(first.outputs))
      axes[name] = this.labels(
        shape,
        others.map((other) => other.outputs[name]!.shape),
      );
    const outputs = Object.entries(first.outputs).map(([name, value]) => [name, made.get(value)!] as const);
    return { graph, outputs: Object.fromEntries(outputs), axes };
  }

  private operand(node: Node, twins: readonly Node[], input: Value, place: number): Value {
    const constant = this.first.graph.constants.get(input.name);
    if (constant === undefined) return this.made.get(input)!;
    const { data } = constant;
    const { type, shape } = input;
    const others = this.others.map(({ graph }, i) => {
      const twin = twins[i]!.inputs[place];
      const found = twin && graph.constants.get(twin.name);
      if (!found) throw new Error(`${node.name} reads a constant for some sizes only.`);
      return { shape: found.value.shape, data: found.data };
    });
    if (others.every((other) => same(other.shape, shape) && same(other.data, data)))
      return this.graph.constant(type, shape, data as never);
    if (type === 'int64' && shape.length === 1) {
      const numbers = [...data].map((number, k) =>
        this.monomial(
          Number(number),
          others.map((other) => Number(other.data[k])),
        ),
      );
      const growing = numbers.filter(({ sizes }) => sizes.length > 0);
      // ONNX finds one extent of a new shape by itself.
      if (node.op === 'Reshape' && growing.length === 1) {
        const left = numbers.map((number) => (number === growing[0] ? -1 : number.numerator));
        return this.graph.constant('int64', shape, left);
      }
      return this.vector(numbers);
    }
    const [number] = data;
    if (![data, ...others.map((other) => other.data)].every((array) => array.every((one) => one === number)))
      throw new Error(`${node.name} reads numbers that differ from size to size.`);
    const extents = shape.map((extent, k) =>
      this.monomial(
        extent,
        others.map((other) => other.shape[k]!),
      ),
    );
    const filled = this.graph.constant(type, [], [Number(number)]);
    return this.graph.node('Expand', [filled, this.vector(extents)], {}, [{ type, shape }])[0]!;
  }

  /** How a number that is this in the first build, and those in the others, is made of the sizes. */
  private monomial(value: number, others: readonly number[]): Monomial {
    const [base, full] = [this.first.sizes, this.others.at(-1)!.sizes];
    const sizes = base.flatMap((size, i) =>
      others[i]! * size === value * full[i]! && others[i] !== value ? [i] : [],
    );
    const product = (of: readonly number[]): number => sizes.reduce((all, i) => all * of[i]!, 1);
    const divisor = greatestCommonDivisor(value, product(base));
    const found = { numerator: value / divisor, denominator: product(base) / divisor, sizes };
    const holds = this.others.every(
      (other, i) => (product(other.sizes) * found.numerator) / found.denominator === others[i],
    );
    if (!holds) throw new Error(`${[value, ...others].join(', ')} do not follow the sizes.`);
    return found;
  }

  private vector(numbers: readonly Monomial[]): Value {
    return concat(
      numbers.map((number) => this.extent(number)),
      0,
    );
  }

  /** int64 [1] */
  private extent({ numerator, denominator, sizes }: Monomial): Value {
    const key = [numerator, denominator, ...sizes].join(' ');
    const known = this.computed.get(key);
    if (known !== undefined) return known;
    const { graph } = this;
    const value = graph.scoped('sizes', () => {
      const factors = sizes.map((i) => this.size(i));
      const [size, ...rest] = factors;
      if (size === undefined) return graph.constant('int64', [1], [numerator]);
      const product = rest.reduce((all, factor) => mul(all, factor), size);
      const multiplied = numerator === 1 ? product : mul(product, numerator);
      return denominator === 1 ? multiplied : div(multiplied, denominator);
    });
    this.computed.set(key, value);
    return value;
  }

  /** A free size as the graph is given it: int64 [1]. */
  private size(index: number): Value {
    const { input: name, axis } = this.free[index]!;
    const known = this.computed.get(name);
    const input = this.graph.inputs.find((one) => one.name === name)!;
    const shape =
      known ?? this.graph.node('Shape', [input], {}, [{ type: 'int64', shape: [input.shape.length] }])[0]!;
    this.computed.set(name, shape);
    return gather(shape, this.graph.constant('int64', [1], [axis]), 0);
  }

  private labels(shape: readonly number[], others: readonly (readonly number[])[]): readonly AxisLabel[] {
    return shape.map((extent, axis) => {
      const { numerator, denominator, sizes } = this.monomial(
        extent,
        others.map((other) => other[axis]!),
      );
      if (sizes.length === 0) return numerator;
      const names = sizes.map((i) => this.free[i]!.name).join(' * ');
      return `${names}${numerator === 1 ? '' : ` * ${numerator}`}${denominator === 1 ? '' : ` / ${denominator}`}`;
    });
  }
}

function same(a: DataArray | readonly number[], b: DataArray | readonly number[]): boolean {
  return a.length === b.length && a.every((number: number | bigint, i: number) => number === b[i]);
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
