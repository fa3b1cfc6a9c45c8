import type { Graph, Value } from '../graph/graph.ts';
import { tapsFirstShape } from '../kernels/taps-first.ts';

/** A low-rank addition to a module's output: `scale · up(down(x))`. */
export interface Adapter {
  /** [rank, in] */
  readonly down: Value;
  /** [out, rank] */
  readonly up: Value;
  /** alpha / rank */
  readonly scale: number;
}

/** What a model needs to build itself into a graph. Names are state-dict keys. */
export interface ModelBuilder {
  readonly graph: Graph;
  /** The parameter of that name and shape: an input, an initializer or a constant, as the caller decides. */
  parameter(name: string, shape: readonly number[]): Value;
  /** The weight [o, c, kh, kw] of a convolution, given as [kh·kw, o, c]; only where `matrixConv` is set. */
  tapsFirstParameter(name: string, shape: readonly number[]): Value;
  /** The adapter on a linear module (or 1x1 convolution) of that path, if it has one. */
  readonly adapter: (module: string, inFeatures: number, outFeatures: number) => Adapter | null;
  /** Whether 3x3 convolutions are built of matrix products rather than left to the provider's Conv. */
  readonly matrixConv: boolean;
}

export interface ParameterSpec {
  readonly name: string;
  readonly shape: readonly number[];
  /** Whether graphs take it, a convolution's weight, as `tapsFirstShape` says. */
  readonly tapsFirst?: boolean;
}

export interface InputParametersOptions {
  readonly adapter?: ModelBuilder['adapter'];
  readonly matrixConv?: boolean;
}

/** Builds parameters as graph inputs under `prefix + name` and remembers them in the order met. */
export class InputParameters implements ModelBuilder {
  readonly specs: ParameterSpec[] = [];
  readonly values = new Map<string, Value>();
  /** The shapes, as a state dict has them, of what is given with its taps first. */
  readonly tapsFirst = new Map<Value, readonly number[]>();
  readonly graph: Graph;
  readonly adapter: ModelBuilder['adapter'];
  readonly matrixConv: boolean;
  private readonly prefix: string;

  constructor(
    graph: Graph,
    prefix = '',
    { adapter = () => null, matrixConv = false }: InputParametersOptions = {},
  ) {
    this.graph = graph;
    this.prefix = prefix;
    this.adapter = adapter;
    this.matrixConv = matrixConv;
  }

  parameter(name: string, shape: readonly number[]): Value {
    return this.input({ name, shape }, shape);
  }

  tapsFirstParameter(name: string, shape: readonly number[]): Value {
    const value = this.input({ name, shape, tapsFirst: true }, tapsFirstShape(shape));
    this.tapsFirst.set(value, shape);
    return value;
  }

  private input(spec: ParameterSpec, shape: readonly number[]): Value {
    const known = this.values.get(spec.name);
    if (known) return known;
    const value = this.graph.input(this.prefix + spec.name, 'float32', shape);
    this.values.set(spec.name, value);
    this.specs.push(spec);
    return value;
  }
}
