import type { Graph, Value } from '../graph/graph.ts';
import type { AdaptableModule, Adapter } from '../models/model-builder.ts';
import { type AdapterPart, type Parameter, weightKind } from '../models/parameter.ts';

export interface LowRank {
  readonly rank: number;
  /** alpha / rank */
  readonly scale: number;
}

/**
 * An adapter on a module as trained inputs of the graph, noted in `adapters`. It begins as no change: `down` as a fresh
 * linear layer's, `up` zero (Hu et al. 2021).
 */
export function buildAdapter(
  graph: Graph,
  adapters: Map<Parameter, Value>,
  component: string,
  { path, inFeatures, outFeatures, kernel }: AdaptableModule,
  { rank, scale }: LowRank,
): Adapter {
  const input = (part: AdapterPart['part'], shape: readonly number[]): Value => {
    const parameter: Parameter = {
      name: `lora.${component}.${path}.${part}`,
      component,
      key: `${path}.${part}`,
      shape,
      role: 'adapter',
      layout: 'state-dict',
      type: 'float32',
      initialization:
        part === 'down' ? weightKind(inFeatures).initialization : { kind: 'constant', value: 0 },
      trained: true,
      adapter: { module: path, part, kernel },
    };
    const value = graph.input(parameter.name, 'float32', shape);
    adapters.set(parameter, value);
    return value;
  };
  return { down: input('down', [rank, inFeatures]), up: input('up', [outFeatures, rank]), scale };
}
