import { gradients } from '../autodiff/gradients.ts';
import { Graph, type Value } from '../graph/graph.ts';
import { serializeModel } from '../graph/serialize.ts';
import { elementCount, type DataType } from '../graph/data-type.ts';
import { optimizerTensors } from './optimizer.ts';
import type { ParameterSpec } from '../models/model-builder.ts';

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
  readonly frozen: readonly ParameterSpec[];
  /** Inputs other than parameters. */
  readonly batch: readonly BatchInput[];
}

/** Differentiates a loss and serializes it with and without its gradients. */
export function buildArtifacts({ graph, loss, trainable, frozen, tapsFirst }: LossGraph): TrainingArtifacts {
  const { model: evalModel } = serializeModel(graph, { loss });
  const found = gradients(graph, loss, [...trainable.values()]);
  const named = [...trainable.keys()].map(
    (name, i) => [optimizerTensors.gradient + name, found[i]!] as const,
  );
  const { model: trainingModel } = serializeModel(graph, { loss, ...Object.fromEntries(named) });
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
    frozen: specs(frozen),
    batch: graph.inputs
      .filter((input) => !parameters.has(input))
      .map(({ name, type, shape }) => ({ name, type, shape })),
  };
}

export function totalElements(specs: readonly ParameterSpec[]): number {
  return specs.reduce((sum, { shape }) => sum + elementCount(shape), 0);
}
