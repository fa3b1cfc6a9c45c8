import type { Value } from '../../graph/graph.ts';
import { add, cast, mul, sub } from '../../graph/ops/elementwise.ts';
import { statisticsOf } from '../../graph/ops/norm.ts';
import { reduceMean } from '../../graph/ops/reduce.ts';
import type { RuleTable } from '../rule.ts';

export const normRules: RuleTable = {
  // With x̂ = (x - mean)/deviation and g = dy·scale: dx = (g - mean(g) - x̂·mean(g·x̂)) / deviation. All of it in float32,
  // the type of the statistics.
  LayerNormalization: ({ node, outputGradients: [dy, ...statistics], wanted, options }) => {
    if (statistics.some((gradient) => gradient !== null)) {
      throw new Error(`LayerNormalization's statistics have no gradient rule (node ${node.name}).`);
    }
    const [x, scale, bias] = node.inputs as readonly [Value, Value, Value | undefined];
    const { mean, inverseDeviation: inverse } = statisticsOf(node, options);
    const last = [x.shape.length - 1];
    const normalized = mul(sub(cast(x, mean.type), mean), inverse);
    const exact = cast(dy!, mean.type);
    const gradient = mul(exact, cast(scale, mean.type));
    const along = reduceMean(mul(gradient, normalized), last, true);
    const centred = sub(gradient, add(mul(normalized, along), reduceMean(gradient, last, true)));
    return [
      wanted[0] ? mul(centred, inverse) : null,
      wanted[1] ? mul(exact, normalized) : null,
      ...(bias ? [exact] : []),
    ];
  },
};
