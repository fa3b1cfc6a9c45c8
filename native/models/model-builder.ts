import type { Graph, Value } from '../graph/graph.ts';

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
  /** The adapter on a linear module (or 1x1 convolution) of that path, if it has one. */
  readonly adapter: (module: string, inFeatures: number, outFeatures: number) => Adapter | null;
  /** Whether 3x3 convolutions are built by Winograd's method rather than left to the provider's Conv. */
  readonly winograd: boolean;
}

export interface ParameterSpec {
  readonly name: string;
  readonly shape: readonly number[];
}

export interface InputParametersOptions {
  readonly adapter?: ModelBuilder['adapter'];
  readonly winograd?: boolean;
}

/** Builds parameters as graph inputs under `prefix + name` and remembers them in the order met. */
export class InputParameters implements ModelBuilder {
  readonly specs: ParameterSpec[] = [];
  readonly values = new Map<string, Value>();
  readonly graph: Graph;
  readonly adapter: ModelBuilder['adapter'];
  readonly winograd: boolean;
  private readonly prefix: string;

  constructor(
    graph: Graph,
    prefix = '',
    { adapter = () => null, winograd = false }: InputParametersOptions = {},
  ) {
    this.graph = graph;
    this.prefix = prefix;
    this.adapter = adapter;
    this.winograd = winograd;
  }

  parameter(name: string, shape: readonly number[]): Value {
    const known = this.values.get(name);
    if (known) return known;
    const value = this.graph.input(this.prefix + name, 'float32', shape);
    this.values.set(name, value);
    this.specs.push({ name, shape });
    return value;
  }
}
