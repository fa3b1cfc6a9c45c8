import { gradients } from '../autodiff/gradients.ts';
import { type DataType, elementCount } from '../graph/data-type.ts';
import { Graph, type Value } from '../graph/graph.ts';
import { serializeModel } from '../graph/serialize.ts';
import type { ParameterSpec } from '../models/model-builder.ts';
import { optimizerTensors } from '../optimizers/optimizer.ts';
import type { Provider } from '../runtime/runtime.ts';

/** What a loss is built of: parameters, by role, and the scalar. */
export interface LossGraph {
  readonly graph: Graph;
  readonly loss: Value;
  /** Inputs of the graph, by the parameter's name. */
  readonly trainable: ReadonlyMap<string, Value>;
  readonly frozen: ReadonlyMap<string, Value>;
  /** Of the parameters that the graph takes with their taps first: their shapes as a state dict has them. */
  readonly tapsFirst?: ReadonlyMap<Value, readonly number[]>;
}

export interface BatchInput {
  readonly name: string;
  readonly type: DataType;
  readonly shape: readonly number[];
}

/** The graphs of one batch shape; names are ONNX Runtime's for on-device training. */
export interface TrainingArtifacts {
  /** Parameters and batch -> `loss` and `gradient/<name>` for every trainable parameter. */
  readonly trainingModel: Uint8Array<ArrayBuffer>;
  /** Parameters and batch -> `loss`. */
  readonly evalModel: Uint8Array<ArrayBuffer>;
  readonly trainable: readonly ParameterSpec[];
  /** The shapes gradients come in, by the parameter's name. */
  readonly gradientShapes: ReadonlyMap<string, readonly number[]>;
  readonly frozen: readonly ParameterSpec[];
  /** Inputs other than parameters. */
  readonly batch: readonly BatchInput[];
}

/**
 * Differentiates a loss and serializes it with and without its gradients. For the CPU, where tensors are arrays, gradients
 * may come in other shapes than the parameters', of as many elements: ONNX Runtime copies what is only given another shape
 * on its way out.
 */
export function buildArtifacts(
  { graph, loss, trainable, frozen, tapsFirst }: LossGraph,
  provider?: Provider,
): TrainingArtifacts {
  const { model: evalModel } = serializeModel(graph, { loss });
  const found = gradients(graph, loss, [...trainable.values()]);
  const bare = provider === 'cpu' ? beforeReshape(graph) : (value: Value) => value;
  const outputs = new Map([...trainable.keys()].map((name, i) => [name, bare(found[i]!)]));
  const { model: trainingModel } = serializeModel(graph, {
    loss,
    ...Object.fromEntries([...outputs].map(([name, value]) => [optimizerTensors.gradient + name, value])),
  });
  const parameters = new Set([...trainable.values(), ...frozen.values()]);
  const specs = (values: ReadonlyMap<string, Value>): ParameterSpec[] =>
    [...values].map(([name, value]) => {
      const shape = tapsFirst?.get(value);
      return shape ? { name, shape, tapsFirst: true } : { name, shape: value.shape };
    });
  return {
    trainingModel,
    evalModel,
    trainable: specs(trainable),
    gradientShapes: new Map([...outputs].map(([name, { shape }]) => [name, shape])),
    frozen: specs(frozen),
    batch: graph.inputs
      .filter((input) => !parameters.has(input))
      .map(({ name, type, shape }) => ({ name, type, shape })),
  };
}

/** What a value was before it was only given another shape. */
function beforeReshape({ nodes }: Graph): (value: Value) => Value {
  const reshaped = new Map(
    nodes.flatMap(({ op, inputs, outputs }) =>
      op === 'Reshape' ? [[outputs[0]!, inputs[0]!] as const] : [],
    ),
  );
  return (value) => {
    let bare = value;
    while (reshaped.has(bare)) bare = reshaped.get(bare)!;
    return bare;
  };
}

export function totalElements(specs: readonly ParameterSpec[]): number {
  return specs.reduce((sum, { shape }) => sum + elementCount(shape), 0);
}
