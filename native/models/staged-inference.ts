import { float32ToFloat16 } from '../graph/half.ts';
import type { Runtime, Tensor } from '../runtime/runtime.ts';
import { cutForward, moduleEnds } from '../stages/cut.ts';
import { createStageSessions, openStages } from '../stages/run.ts';
import type { BoundInference, InferenceGraph, ReadWeight } from './inference.ts';
import type { Parameter } from './parameter.ts';
import { deviceShape, toDevice } from './parameter-layout.ts';

/**
 * A model in stages: its weights lie in memory once, held as their file has them, and of activations there is what one module
 * needs.
 */
export async function openInStages(
  runtime: Runtime,
  readWeight: ReadWeight,
  { graph, outputs, parameters }: InferenceGraph,
): Promise<BoundInference> {
  const sessions = createStageSessions(runtime);
  const values = Object.values(outputs);
  const stages = cutForward(graph, values, [...moduleEnds(graph), graph.nodes.length]);
  const opened = await openStages(runtime, sessions, graph, { forward: stages }, new Set(values));
  const weights: Record<string, Tensor> = {};
  for (const parameter of parameters)
    weights[parameter.name] = await weightTensor(runtime, readWeight, parameter);
  return {
    bind: (inputs, results) => {
      const given = Object.entries(outputs).map(([name, value]) => [value, results[name]!] as const);
      return opened.bind('forward', { inputs: { ...weights, ...inputs }, outputs: new Map(given) });
    },
    dispose: async () => {
      opened.dispose();
      await sessions.dispose();
      for (const tensor of Object.values(weights)) tensor.dispose();
    },
  };
}

/** A weight where and as graphs take it. */
export async function weightTensor(
  runtime: Runtime,
  readWeight: (parameter: Parameter) => ReturnType<ReadWeight>,
  parameter: Parameter,
): Promise<Tensor> {
  const values = toDevice(parameter, await readWeight(parameter));
  const { type } = parameter;
  return runtime.tensor(type, deviceShape(parameter), type === 'float16' ? float32ToFloat16(values) : values);
}
