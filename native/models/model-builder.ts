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
  adapter(module: string, inFeatures: number, outFeatures: number): Adapter | null;
}

export interface ParameterSpec {
  readonly name: string;
  readonly shape: readonly number[];
}

/** Builds parameters as graph inputs under `prefix + name` and remembers them in the order met. */
export class InputParameters implements ModelBuilder {
  readonly specs: ParameterSpec[] = [];
  readonly values = new Map<string, Value>();
  readonly graph: Graph;
  private readonly prefix: string;
  private readonly adapters: (module: string, inFeatures: number, outFeatures: number) => Adapter | null;

  constructor(graph: Graph, prefix = '', adapters: InputParameters['adapter'] = () => null) {
    this.graph = graph;
    this.prefix = prefix;
    this.adapters = adapters;
  }

  parameter(name: string, shape: readonly number[]): Value {
    const known = this.values.get(name);
    if (known) return known;
    const value = this.graph.input(this.prefix + name, 'float32', shape);
    this.values.set(name, value);
    this.specs.push({ name, shape });
    return value;
  }

  adapter(module: string, inFeatures: number, outFeatures: number): Adapter | null {
    return this.adapters(module, inFeatures, outFeatures);
  }
}
