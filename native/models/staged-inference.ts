import type { Graph, Value } from '../graph/graph.ts';
import type { BoundRun, Runtime, Tensor, TensorMap } from '../runtime/runtime.ts';
import { cutForward, moduleEnds } from '../stages/cut.ts';
import { createStageSessions, openStages } from '../stages/run.ts';
import type { Parameter } from './parameter.ts';
import { layOutInPlace } from './parameter-layout.ts';
import { type ReadWeight, weightTensor } from './weight-tensor.ts';

/** A graph with its weights as inputs. */
export interface InferenceGraph {
  readonly graph: Graph;
  readonly outputs: Readonly<Record<string, Value>>;
  readonly parameters: readonly Parameter[];
}

/** What a built model is run by. */
export interface BoundInference {
  readonly bind: (inputs: TensorMap, outputs: TensorMap) => BoundRun;
  readonly dispose: () => Promise<void>;
}

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
  const opened = await openStages(sessions, graph, { forward: stages }, new Set(values));
  const weights: Record<string, Tensor> = {};
  const layOut = layOutInPlace();
  for (const parameter of parameters)
    weights[parameter.name] = await weightTensor(runtime, readWeight, parameter, layOut);
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
