import { Graph, type Value } from '../graph/graph.ts';
import { add, div, minimum, mul, sqrt, sub } from '../graph/ops/elementwise.ts';
import { reduceSum } from '../graph/ops/reduce.ts';
import { serializeModel } from '../graph/serialize.ts';
import type { ParameterSpec } from '../models/model-builder.ts';

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
 * Every state tensor is read by one node that its new value depends on, so it may be written over in place.
 */
export function buildOptimizer(
  specs: readonly ParameterSpec[],
  settings: OptimizerSettings,
): Uint8Array<ArrayBuffer> {
  const { beta1, beta2, maxGradientNorm, ema } = settings;
  const graph = new Graph();
  const [learningRate, decay, epsilon, emaRate] = scalarInputs.map((name) =>
    graph.input(name, 'float32', []),
  );
  const gradients = specs.map(({ name, shape }) =>
    graph.input(optimizerTensors.gradient + name, 'float32', shape),
  );
  const norm = globalNorm(gradients);
  const clip = maxGradientNorm > 0 ? minimum(div(maxGradientNorm, add(norm, 1e-6)), 1) : graph.scalar(1);
  const gradientShare = mul(clip, 1 - beta1);
  const squareShare = mul(mul(clip, clip), 1 - beta2);

  const outputs: Record<string, Value> = { 'gradient-norm': norm };
  specs.forEach(({ name, shape }, i) => {
    const gradient = gradients[i]!;
    const state = (prefix: string): Value => graph.input(prefix + name, 'float32', shape);
    const parameter = state(optimizerTensors.parameter);
    const first = add(mul(state(optimizerTensors.firstMoment), beta1), mul(gradient, gradientShare));
    const squared = mul(mul(gradient, gradient), squareShare);
    const second = add(mul(state(optimizerTensors.secondMoment), beta2), squared);
    const update = mul(div(first, add(sqrt(second), epsilon!)), learningRate!);
    const next = sub(mul(parameter, decay!), update);
    outputs[`new/${optimizerTensors.parameter}${name}`] = next;
    outputs[`new/${optimizerTensors.firstMoment}${name}`] = first;
    outputs[`new/${optimizerTensors.secondMoment}${name}`] = second;
    if (ema) {
      const average = state(optimizerTensors.ema);
      // ema + rate (next - ema), with the old average read once.
      outputs[`new/${optimizerTensors.ema}${name}`] = add(
        mul(average, sub(1, emaRate!)),
        mul(next, emaRate!),
      );
    }
  });
  return serializeModel(graph, outputs).model;
}

function globalNorm(gradients: readonly Value[]): Value {
  const squares = gradients.map((gradient) => {
    const axes = gradient.shape.map((_, axis) => axis);
    return reduceSum(mul(gradient, gradient), axes);
  });
  return sqrt(squares.reduce((sum, square) => add(sum, square)));
}

/**
 * The scalars of optimizer step `step` (from 1). With bias corrections c1 = 1 - beta1^t and c2 = 1 - beta2^t, AdamW's
 * update lr · (m / c1) / (sqrt(v / c2) + eps) is written as (lr · sqrt(c2) / c1) · m / (sqrt(v) + eps · sqrt(c2)).
 */
export function optimizerScalars(
  { beta1, beta2, epsilon, weightDecay }: OptimizerSettings,
  step: number,
  learningRate: number,
  emaDecay: number,
): Readonly<Record<ScalarInput, number>> {
  const root2 = Math.sqrt(1 - beta2 ** step);
  return {
    'learning-rate': (learningRate * root2) / (1 - beta1 ** step),
    decay: 1 - learningRate * weightDecay,
    'denominator-epsilon': epsilon * root2,
    'ema-rate': 1 - emaDecay,
  };
}

/** A graph that adds `gradient/name` to `sum/name` for every parameter, as `new/sum/name`. */
export function buildAccumulator(specs: readonly ParameterSpec[]): Uint8Array<ArrayBuffer> {
  const graph = new Graph();
  const outputs = specs.map(({ name, shape }) => {
    const sum = graph.input(`sum/${name}`, 'float32', shape);
    return [`new/sum/${name}`, add(sum, graph.input(`gradient/${name}`, 'float32', shape))] as const;
  });
  return serializeModel(graph, Object.fromEntries(outputs)).model;
}
