import { Graph, type Value } from '../graph/graph.ts';
import { serializeModel } from '../graph/serialize.ts';
import type { Stage } from './stage.ts';

/** A stage as a model of its own. */
export interface StageModel {
  /** Equal for stages that compute the same of tensors of the same shapes, wherever in the whole graph they are. */
  readonly model: Uint8Array<ArrayBuffer>;
  /** What the model calls the stage's inputs and outputs, in their order. */
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
}

/** Everything is named by its place, so that modules built alike become one model, which is opened once. */
export function stageModel(whole: Graph, { nodes, inputs, outputs }: Stage): StageModel {
  const graph = new Graph();
  const here = new Map<Value, Value>();
  const inputNames = inputs.map((value, i) => {
    const name = `input_${i}`;
    here.set(value, graph.input(name, value.type, value.shape));
    return name;
  });
  const given = new Set(inputs);
  const placed = (value: Value): Value => {
    const known = here.get(value);
    if (known) return known;
    const { data, value: spec } = whole.constants.get(value.name)!;
    const constant = graph.constant(spec.type, spec.shape, data as never);
    here.set(value, constant);
    return constant;
  };
  for (const { op, inputs: read, outputs: made, attributes, required } of nodes) {
    const values = graph.node(
      op,
      read.map((value) => value && placed(value)),
      attributes,
      made.map(({ type, shape }, i) => ({ type, shape, optional: i >= required })),
    );
    made.forEach((value, i) => {
      if (!given.has(value)) here.set(value, values[i]!);
    });
  }
  const outputNames = outputs.map((_, i) => `output_${i}`);
  const named = Object.fromEntries(outputs.map((value, i) => [outputNames[i]!, here.get(value)!]));
  return { model: serializeModel(graph, named).model, inputNames, outputNames };
}
