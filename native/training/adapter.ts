import type { AdapterShape } from '../facts/lora-shape.ts';
import type { AdapterTargets } from '../families/family.ts';
import { elementCount } from '../graph/data-type.ts';
import type { Graph, Value } from '../graph/graph.ts';
import type { AdaptableModule, Adapter } from '../models/model-builder.ts';
import { type AdapterPart, type Parameter, weightKind } from '../models/parameter.ts';

export type LowRank = AdapterShape;

/** Which modules are adapted, and how. */
export interface AdapterPlan extends LowRank, Pick<AdapterTargets, 'takes'> {
  /** Of each module; left out, all that take one have the same. */
  readonly shapeOf?: (component: string, module: Pick<AdaptableModule, 'path' | 'kernel'>) => LowRank | null;
  /** Whether each output has a length of its own besides: DoRA. */
  readonly magnitudes?: boolean;
  /** Whether ranks are left out at random, for which each module gets an input; see `rankInput`. */
  readonly drops?: boolean;
}

export function shapeOn(
  plan: AdapterPlan,
  component: string,
  module: Pick<AdaptableModule, 'path' | 'kernel'>,
): LowRank | null {
  if (plan.shapeOf) return plan.shapeOf(component, module);
  return plan.takes(component, module.path) ? plan : null;
}

/** What a module's input is called that says by how much its ranks count: [rows, rank], float32. */
export function rankInput(component: string, module: string): string {
  return `rank-weights.${component}.${module}`;
}

/**
 * An adapter on a module as trained inputs of the graph, noted in `adapters`. It begins as no change: `down` as a fresh
 * linear layer's, `up` zero (Hu et al. 2021), a magnitude as its output's weights are long. @param rows of a batch
 */
export function buildAdapter(
  graph: Graph,
  adapters: Map<Parameter, Value>,
  component: string,
  { path, inFeatures, outFeatures, kernel }: AdaptableModule,
  { rank, scale }: LowRank,
  { magnitudes = false, drops = false }: Pick<AdapterPlan, 'magnitudes' | 'drops'> = {},
  rows = 1,
): Adapter {
  const taps = elementCount(kernel);
  const begins: Readonly<Record<AdapterPart['part'], Parameter['initialization']>> = {
    down: weightKind(inFeatures * taps).initialization,
    up: { kind: 'constant', value: 0 },
    magnitude: { kind: 'constant', value: 1 },
  };
  const input = (part: AdapterPart['part'], shape: readonly number[]): Value => {
    const parameter: Parameter = {
      name: `lora.${component}.${path}.${part}`,
      component,
      key: `${path}.${part}`,
      shape,
      role: 'adapter',
      layout: 'state-dict',
      type: 'float32',
      initialization: begins[part],
      trained: true,
      adapter: { module: path, part, kernel },
    };
    const value = graph.input(parameter.name, 'float32', shape);
    adapters.set(parameter, value);
    return value;
  };
  return {
    down: input('down', taps === 1 ? [rank, inFeatures] : [rank, inFeatures, ...kernel]),
    up: input('up', [outFeatures, rank]),
    scale,
    ...(magnitudes && { magnitude: input('magnitude', [outFeatures]) }),
    ...(drops && { rankWeights: graph.input(rankInput(component, path), 'float32', [rows, rank]) }),
  };
}
