import {
  allocate,
  type DataArray,
  type DataArrays,
  type DataType,
  elementCount,
  fromNumbers,
  type SumOptions,
} from './data-type.ts';

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
  /** How many outputs, from the first, are there whether they are read or not. ONNX lets the others be left out. */
  readonly required: number;
}

/** How gradients are to be built. */
export interface BackwardOptions extends SumOptions {
  /**
   * Whether gradients of norms take mean and deviation of their input by themselves instead of from the norm. A norm that gives
   * them is slower where a provider has none that does; by default they are taken.
   */
  readonly ownStatistics?: boolean;
}

/**
 * Gradients of a block's inputs, in their order, given those of its outputs; `null` where there is none.
 */
export type BlockGradient = (
  outputGradients: readonly (Value | null)[],
  options: BackwardOptions,
) => readonly (Value | null)[];

/** What is built in a block. */
export interface BlockBody {
  readonly outputs: readonly Value[];
  /** Left out where the block only groups what is built in it. */
  readonly gradient?: BlockGradient;
}

/**
 * Consecutive nodes that are one thing to whoever changes the graph as a whole. Blocks are a tree: those made while
 * another was being built are its children.
 */
export interface Block {
  readonly begin: number;
  readonly end: number;
  /** All values from outside that its nodes read. A block without a gradient of its own need not name graph inputs. */
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  /** The gradient of all of it, in place of its nodes' and its children's; `null` where those serve. */
  readonly gradient: BlockGradient | null;
  readonly children: readonly Block[];
}

export interface Constant {
  readonly value: Value;
  readonly data: DataArray;
}

export interface ValueSpec {
  readonly type: DataType;
  readonly shape: readonly number[];
  /** An output that ONNX lets be left out where nothing reads it; only others like it may follow. */
  readonly optional?: boolean;
}

/**
 * An ONNX graph under construction. Nodes are kept in the order they are made, which is a topological order, since
 * a node can only take values that exist. Shapes are static: one graph serves one batch size and bucket.
 */
export class Graph {
  readonly inputs: Value[] = [];
  readonly nodes: Node[] = [];
  /** The outermost blocks, in order. */
  readonly blocks: Block[] = [];
  readonly constants = new Map<string, Constant>();
  private readonly names = new Set<string>();
  private readonly constantsByContent = new Map<string, Value>();
  private scope = '';
  /** Where a block goes once it is built: into the one being built around it. */
  private siblings = this.blocks;

  /** A graph input. Throws where the name is taken. */
  input(name: string, type: DataType, shape: readonly number[]): Value {
    const value = this.value(name, type, shape);
    this.inputs.push(value);
    return value;
  }

  /** A constant tensor; equal small ones are one. Numbers are rounded to the type, an array is taken as it is. */
  constant<T extends DataType>(
    type: T,
    shape: readonly number[],
    data: DataArrays[T] | readonly number[],
  ): Value {
    const array: DataArray = Array.isArray(data)
      ? fromNumbers(type, data as readonly number[])
      : (data as DataArrays[T]);
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

  scalar(type: DataType, number: number): Value {
    return this.constant(type, [], [number]);
  }

  /** A constant filled with one number. */
  filled(type: DataType, shape: readonly number[], number: number): Value {
    const key = `filled ${type}[${shape.join()}]${number}`;
    const known = this.constantsByContent.get(key);
    if (known) return known;
    const array = allocate(type, elementCount(shape));
    array.fill(fromNumbers(type, [number])[0] as never);
    const value = this.constant(type, shape, array);
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
    const optional = outputs.findIndex((output) => output.optional);
    const required = optional < 0 ? outputs.length : optional;
    this.nodes.push({ name, op, inputs, outputs: values, attributes, required });
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
   * Builds nodes that belong together, and gives the outputs. With a `gradient` written by hand, for where the chain rule
   * through the single nodes would be slower or keep more in memory, that of the outermost block which has one is taken; a
   * block without one groups nodes and blocks, such as a module that is to be recomputed, and leaves them theirs.
   *
   * Throws where nodes read what `inputs` does not name: no gradient would reach it.
   */
  block(inputs: readonly Value[], build: () => BlockBody): readonly Value[] {
    const around = this.siblings;
    const children: Block[] = [];
    this.siblings = children;
    try {
      const begin = this.nodes.length;
      const { outputs, gradient = null } = build();
      const block = { begin, end: this.nodes.length, inputs, outputs, gradient, children };
      this.checkInputs(block);
      around.push(block);
      return outputs;
    } finally {
      this.siblings = around;
    }
  }

  private checkInputs({ begin, end, inputs, gradient }: Block): void {
    const known = new Set(inputs);
    if (gradient === null) for (const input of this.inputs) known.add(input);
    for (const node of this.nodes.slice(begin, end)) {
      for (const input of node.inputs) {
        if (input && !known.has(input) && !this.constants.has(input.name)) {
          throw new Error(
            `The block's node ${node.name} reads ${input.name}, which is not among its inputs.`,
          );
        }
      }
      for (const output of node.outputs) known.add(output);
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
