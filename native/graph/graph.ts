import { allocate, type DataArray, type DataArrays, type DataType, elementCount } from './data-type.ts';

/** One edge of the graph: a tensor whose type and shape are known while the graph is built. */
export interface Value {
  readonly graph: Graph;
  /** Unique in its graph. */
  readonly name: string;
  readonly type: DataType;
  readonly shape: readonly number[];
}

export type Attribute =
  | { readonly int: number }
  | { readonly ints: readonly number[] }
  | { readonly float: number }
  | { readonly string: string };

export interface Node {
  readonly name: string;
  /** ONNX operator type in the default domain. */
  readonly op: string;
  /** `null` stands for an optional input left out. */
  readonly inputs: readonly (Value | null)[];
  readonly outputs: readonly Value[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

/** Gradients of a block's inputs, in their order, given those of its outputs; `null` where there is none. */
export type BlockGradient = (outputGradients: readonly (Value | null)[]) => readonly (Value | null)[];

/** Consecutive nodes that autodiff treats as one operation with a gradient of its own. */
export interface Block {
  readonly begin: number;
  readonly end: number;
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly gradient: BlockGradient;
}

export interface Constant {
  readonly value: Value;
  readonly data: DataArray;
}

export interface ValueSpec {
  readonly type: DataType;
  readonly shape: readonly number[];
}

/**
 * An ONNX graph under construction. Nodes are kept in the order they are made, which is a topological order, since
 * a node can only take values that exist. Shapes are static: one graph serves one batch size and bucket.
 */
export class Graph {
  readonly inputs: Value[] = [];
  readonly nodes: Node[] = [];
  readonly blocks: Block[] = [];
  readonly constants = new Map<string, Constant>();
  private readonly names = new Set<string>();
  private readonly constantsByContent = new Map<string, Value>();
  private scope = '';
  private openBlock = false;

  /** A graph input. Throws where the name is taken. */
  input(name: string, type: DataType, shape: readonly number[]): Value {
    const value = this.value(name, type, shape);
    this.inputs.push(value);
    return value;
  }

  /** A constant tensor; equal small ones are one. */
  constant<T extends DataType>(
    type: T,
    shape: readonly number[],
    data: DataArrays[T] | readonly number[],
  ): Value {
    const array = Array.isArray(data) ? fromNumbers(type, data as readonly number[]) : (data as DataArray);
    if (array.length !== elementCount(shape)) {
      throw new Error(`A constant of shape [${shape.join(', ')}] was given ${array.length} elements.`);
    }
    const key = array.length <= 64 ? `${type}[${shape.join()}]${array.join()}` : null;
    const known = key === null ? undefined : this.constantsByContent.get(key);
    if (known) return known;
    const value = this.value(`constant_${this.constants.size}`, type, shape);
    this.constants.set(value.name, { value, data: array });
    if (key !== null) this.constantsByContent.set(key, value);
    return value;
  }

  /** A float32 scalar. */
  scalar(number: number): Value {
    return this.constant('float32', [], [number]);
  }

  /** A constant filled with one number. */
  filled(shape: readonly number[], number: number): Value {
    const key = `filled[${shape.join()}]${number}`;
    const known = this.constantsByContent.get(key);
    if (known) return known;
    const value = this.constant('float32', shape, allocate('float32', elementCount(shape)).fill(number));
    this.constantsByContent.set(key, value);
    return value;
  }

  /** Appends a node; `outputs` are what shape inference found. */
  node(
    op: string,
    inputs: readonly (Value | null)[],
    attributes: Readonly<Record<string, Attribute>>,
    outputs: readonly ValueSpec[],
  ): Value[] {
    for (const input of inputs) {
      if (input && input.graph !== this)
        throw new Error(`${op}: the input ${input.name} belongs to another graph.`);
    }
    const name = `${this.scope}${op}_${this.nodes.length}`;
    const values = outputs.map(({ type, shape }, i) =>
      this.value(outputs.length === 1 ? name : `${name}:${i}`, type, shape),
    );
    this.nodes.push({ name, op, inputs, outputs: values, attributes });
    return values;
  }

  /** Names of nodes made in `build` begin with `name/`, so that an error or a profile says where in the model it is. */
  scoped<R>(name: string, build: () => R): R {
    const outer = this.scope;
    this.scope = `${outer}${name}/`;
    try {
      return build();
    } finally {
      this.scope = outer;
    }
  }

  /**
   * Builds nodes whose gradient is written by hand, for where the chain rule through the single nodes would be
   * slower or keep more in memory. Such blocks do not nest: inside an open one, the inner rule is left unused.
   */
  block(
    inputs: readonly Value[],
    build: () => { outputs: readonly Value[]; gradient: BlockGradient },
  ): readonly Value[] {
    if (this.openBlock) return build().outputs;
    this.openBlock = true;
    try {
      const begin = this.nodes.length;
      const { outputs, gradient } = build();
      this.blocks.push({ begin, end: this.nodes.length, inputs, outputs, gradient });
      return outputs;
    } finally {
      this.openBlock = false;
    }
  }

  private value(name: string, type: DataType, shape: readonly number[]): Value {
    if (this.names.has(name)) throw new Error(`The name ${name} is used twice in one graph.`);
    if (!shape.every((extent) => Number.isSafeInteger(extent) && extent >= 0)) {
      throw new Error(`${name} would have the shape [${shape.join(', ')}].`);
    }
    this.names.add(name);
    return { graph: this, name, type, shape };
  }
}

function fromNumbers(type: DataType, numbers: readonly number[]): DataArray {
  const array = allocate(type, numbers.length);
  if (array instanceof BigInt64Array) numbers.forEach((number, i) => (array[i] = BigInt(number)));
  else array.set(numbers);
  return array;
}
