import type { DataType } from '../graph/data-type.ts';
import type { Graph, Value } from '../graph/graph.ts';
import { cast } from '../graph/ops/elementwise.ts';
import type { Parameter, ParameterKind } from './parameter.ts';
import { deviceShape } from './parameter-layout.ts';

/** A low-rank addition to a module's output: `scale · up(down(x))`. */
export interface Adapter {
  /** [rank, in], of a convolution with a kernel [rank, in, kh, kw] */
  readonly down: Value;
  /** [out, rank] */
  readonly up: Value;
  /** alpha / rank */
  readonly scale: number;
  /** Of a DoRA: lengths of the outputs' weights, [out]. */
  readonly magnitude?: Value;
  /** By how much each rank counts for each image of the batch: [rows, rank]. */
  readonly rankWeights?: Value;
}

/** A module that may take an adapter: a linear layer or a convolution. */
export interface AdaptableModule {
  /** Its weight's key without `.weight`. */
  readonly path: string;
  readonly inFeatures: number;
  readonly outFeatures: number;
  /** Height and width of a convolution's, `[]` for a linear layer. */
  readonly kernel: readonly number[];
}

/** What a model needs to build itself into a graph. */
export interface ModelBuilder {
  readonly graph: Graph;
  /**
   * The parameter of that state-dict key and shape: an input, an initializer or a constant, as the caller decides. With the
   * layout `taps-first` the value has its taps first, the shape given is that of the state dict all the same.
   */
  parameter(key: string, shape: readonly number[], kind: ParameterKind): Value;
  /** The adapter on a module, if it has one. */
  readonly adapter: (module: AdaptableModule) => Adapter | null;
  /** Whether 3x3 convolutions are built of matrix products rather than left to the provider's Conv. */
  readonly matrixConv: boolean;
}

/**
 * Builds a module of the model, such as a residual block: what is inside of it may be forgotten and computed again. `inputs`
 * are all values it reads besides parameters.
 */
export function inModule(
  { graph }: Pick<ModelBuilder, 'graph'>,
  name: string,
  inputs: readonly Value[],
  build: () => Value,
): Value {
  return graph.scoped(name, () => graph.block(inputs, () => ({ outputs: [build()] })))[0]!;
}

export interface InputParametersOptions {
  readonly component?: string;
  /** Comes before the keys in the names of the graph's inputs. */
  readonly prefix?: string;
  /** Whether all parameters are trained, or which, by key. */
  readonly trained?: boolean | ((key: string) => boolean);
  /** What a parameter of that key is held in, to be float32 where it is used; by default that. */
  readonly held?: (key: string) => DataType;
  readonly adapter?: ModelBuilder['adapter'];
  readonly matrixConv?: boolean;
}

/** Builds parameters as graph inputs and remembers them in the order met. */
export class InputParameters implements ModelBuilder {
  readonly values = new Map<Parameter, Value>();
  readonly graph: Graph;
  readonly adapter: ModelBuilder['adapter'];
  readonly matrixConv: boolean;
  private readonly byKey = new Map<string, Value>();
  private readonly options: InputParametersOptions;

  constructor(graph: Graph, options: InputParametersOptions = {}) {
    this.graph = graph;
    this.options = options;
    this.adapter = options.adapter ?? (() => null);
    this.matrixConv = options.matrixConv ?? false;
  }

  get parameters(): readonly Parameter[] {
    return [...this.values.keys()];
  }

  parameter(key: string, shape: readonly number[], kind: ParameterKind): Value {
    const known = this.byKey.get(key);
    if (known) return known;
    const { component = '', prefix = '', trained = false, held } = this.options;
    const layout = kind.layout ?? 'state-dict';
    const parameter: Parameter = {
      name: prefix + key,
      component,
      key,
      shape,
      role: kind.role,
      layout,
      type: held?.(key) ?? 'float32',
      initialization: kind.initialization,
      trained: typeof trained === 'boolean' ? trained : trained(key),
      adapter: null,
    };
    const input = this.graph.input(parameter.name, parameter.type, deviceShape(parameter));
    this.values.set(parameter, input);
    const value = cast(input, 'float32');
    this.byKey.set(key, value);
    return value;
  }
}
