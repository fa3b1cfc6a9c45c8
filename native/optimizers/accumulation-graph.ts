import { Graph } from '../graph/graph.ts';
import { add } from '../graph/ops/elementwise.ts';
import { serializeModel } from '../graph/serialize.ts';
import type { DeviceTensor } from './optimizer.ts';

/** A graph that adds `gradient/name` to `sum/name` for every parameter, as `new/sum/name`. */
export function buildAccumulation(specs: readonly DeviceTensor[]): Uint8Array<ArrayBuffer> {
  const graph = new Graph();
  const outputs = specs.map(({ name, shape }) => {
    const sum = graph.input(`sum/${name}`, 'float32', shape);
    return [`new/sum/${name}`, add(sum, graph.input(`gradient/${name}`, 'float32', shape))] as const;
  });
  return serializeModel(graph, Object.fromEntries(outputs)).model;
}
