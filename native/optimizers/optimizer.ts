import { elementCount } from '../graph/data-type.ts';
import { Graph, type Value } from '../graph/graph.ts';
import { add, div, minimum, mul, sqrt, sub } from '../graph/ops/elementwise.ts';
import { reduceSumSquare } from '../graph/ops/reduce.ts';
import { concat, reshape, split } from '../graph/ops/shape.ts';
import { serializeModel } from '../graph/serialize.ts';

/** A trained parameter as graphs take it. */
export interface DeviceTensor {
  readonly name: string;
  readonly shape: readonly number[];
}

export interface OptimizerSettings {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
  /** Gradients are scaled to at most this global norm; 0 for no clipping. */
  readonly maxGradientNorm: number;
  /** Whether an exponential moving average of the weights is kept. */
  readonly ema: boolean;
}

/** Prefixes of the tensors of a parameter, before its name. */
export const optimizerTensors = {
  parameter: 'parameter/',
  gradient: 'gradient/',
  firstMoment: 'first-moment/',
  secondMoment: 'second-moment/',
  ema: 'ema/',
} as const;

/** Names of the scalars a step is given, and what `optimizerScalars` computes for them. */
export const scalarInputs = ['learning-rate', 'decay', 'denominator-epsilon', 'ema-rate'] as const;
export type ScalarInput = (typeof scalarInputs)[number];

/**
 * AdamW (Loshchilov & Hutter 2019; PyTorch's order of operations) over all parameters as one graph, with clipping by
 * the global norm and the moving average inside. For each parameter `name`, inputs `parameter/name`,
 * `gradient/name`, `first-moment/name`, `second-moment/name` (and `ema/name`); outputs the same but the gradient, after `new/`.
 * Further: scalar inputs (`scalarInputs`) and the output `gradient-norm`, that of the gradients before clipping.
 *
 * The moments are kept without their factors 1 - beta1 and 1 - beta2, which the scalars make up for: two passes over
 * memory less. Every state tensor is read by one node that its new value depends on, so it may be written over in place.
 */
export function buildOptimizer(
  specs: readonly DeviceTensor[],
  settings: OptimizerSettings,
): Uint8Array<ArrayBuffer> {
  const { beta1, beta2, maxGradientNorm, ema } = settings;
  const graph = new Graph();
  const [learningRate, decay, epsilon, emaRate] = scalarInputs.map((name) =>
    graph.input(name, 'float32', []),
  );
  const lengths = new Map(specs.map(({ name, shape }) => [name, elementCount(shape)]));
  const batches = batchVectors(specs);
  const join = (prefix: string, names: readonly string[], shape: readonly number[]): Value =>
    concat(
      names.map((name) =>
        graph.input(prefix + name, 'float32', names.length > 1 ? [lengths.get(name)!] : shape),
      ),
      0,
    );
  const gradients = batches.map(({ names, shape }) => join(optimizerTensors.gradient, names, shape));
  const norm = globalNorm(gradients);
  const clip = maxGradientNorm > 0 ? minimum(div(maxGradientNorm, add(norm, 1e-6)), 1) : null;

  const outputs: Record<string, Value> = { 'gradient-norm': norm };
  batches.forEach(({ names, shape }, i) => {
    const emit = (prefix: string, value: Value): void => {
      const parts =
        names.length > 1
          ? split(
              value,
              names.map((name) => lengths.get(name)!),
              0,
            )
          : [value];
      names.forEach((name, k) => (outputs[`new/${prefix}${name}`] = parts[k]!));
    };
    // ONNX Runtime multiplies by a scalar ten times slower where the last axis is 1 (a 1x1 kernel's): such a tensor
    // is flat until the last operation, which alone writes to the output.
    const flat = (x: Value): Value => (shape.at(-1) === 1 ? reshape(x, [elementCount(shape)]) : x);
    const shaped = (x: Value): Value => reshape(x, shape);
    const state = (prefix: string): Value => flat(join(prefix, names, shape));
    const gradient = clip ? mul(flat(gradients[i]!), clip) : flat(gradients[i]!);
    const weighted = (a: Value, b: Value): Value => add(shaped(a), shaped(b));
    const first = weighted(mul(state(optimizerTensors.firstMoment), beta1), gradient);
    const second = weighted(mul(state(optimizerTensors.secondMoment), beta2), mul(gradient, gradient));
    const update = mul(flat(div(first, shaped(add(flat(sqrt(second)), epsilon!)))), learningRate!);
    const next = sub(shaped(mul(state(optimizerTensors.parameter), decay!)), shaped(update));
    emit(optimizerTensors.parameter, next);
    emit(optimizerTensors.firstMoment, first);
    emit(optimizerTensors.secondMoment, second);
    if (ema) {
      // ema + rate (next - ema), with the old average read once.
      const average = mul(state(optimizerTensors.ema), sub(1, emaRate!));
      emit(optimizerTensors.ema, weighted(average, mul(flat(next), emaRate!)));
    }
  });
  return serializeModel(graph, outputs).model;
}

/** Parameters that are updated by the same nodes. */
interface Batch {
  readonly names: readonly string[];
  /** Of all of them together: of one as it is, of vectors end to end. */
  readonly shape: readonly number[];
}

/** Elements below which a vector is short. */
const shortVector = 8192;

/** WebGPU binds 16 buffers to a shader, so no node may take or give more tensors. */
const vectorsPerBatch = 12;

/**
 * Every parameter by itself but the short vectors (biases, scales of norms), which are laid end to end: there are
 * hundreds of them, each too short to be worth a dozen nodes.
 */
function batchVectors(specs: readonly DeviceTensor[]): Batch[] {
  const isShort = ({ shape }: DeviceTensor): boolean => shape.length === 1 && shape[0]! < shortVector;
  const vectors = specs.filter(isShort);
  const batches: Batch[] = specs
    .filter((spec) => !isShort(spec))
    .map(({ name, shape }) => ({ names: [name], shape }));
  for (let i = 0; i < vectors.length; i += vectorsPerBatch) {
    const together = vectors.slice(i, i + vectorsPerBatch);
    const length = together.reduce((sum, { shape }) => sum + shape[0]!, 0);
    batches.push({ names: together.map(({ name }) => name), shape: [length] });
  }
  return batches;
}

function globalNorm(gradients: readonly Value[]): Value {
  // Not a sum of products: those would be shared with the second moment's and kept for all parameters at once.
  return sqrt(gradients.map(reduceSumSquare).reduce((sum, square) => add(sum, square)));
}

/**
 * The scalars of optimizer step `step` (from 1). With c1 = 1 - beta1^t, c2 = 1 - beta2^t and the moments as they are kept,
 * M = m / (1 - beta1) and V = v / (1 - beta2), AdamW's update lr · (m / c1) / (sqrt(v / c2) + eps) is written as
 * lr · (1 - beta1) / c1 / r · M / (sqrt(V) + eps / r), where r = sqrt((1 - beta2) / c2).
 */
export function optimizerScalars(
  { beta1, beta2, epsilon, weightDecay }: OptimizerSettings,
  step: number,
  learningRate: number,
  emaDecay: number,
): Readonly<Record<ScalarInput, number>> {
  const r = Math.sqrt((1 - beta2) / (1 - beta2 ** step));
  return {
    'learning-rate': (learningRate * (1 - beta1)) / (1 - beta1 ** step) / r,
    decay: 1 - learningRate * weightDecay,
    'denominator-epsilon': epsilon / r,
    'ema-rate': 1 - emaDecay,
  };
}

/** A graph that adds `gradient/name` to `sum/name` for every parameter, as `new/sum/name`. */
export function buildAccumulator(specs: readonly DeviceTensor[]): Uint8Array<ArrayBuffer> {
  const graph = new Graph();
  const outputs = specs.map(({ name, shape }) => {
    const sum = graph.input(`sum/${name}`, 'float32', shape);
    return [`new/sum/${name}`, add(sum, graph.input(`gradient/${name}`, 'float32', shape))] as const;
  });
  return serializeModel(graph, Object.fromEntries(outputs)).model;
}
