import { mul } from '../../graph/ops/elementwise.ts';
import { averagePool, upsampleNearest } from '../../graph/ops/resample.ts';
import type { RuleTable } from '../rule.ts';

export const resampleRules: RuleTable = {
  // Every pixel became a block of factor², so its gradient is that block's sum.
  Resize: ({ node, outputGradients: [dy] }) => {
    const factor = node.outputs[0]!.shape[2]! / node.inputs[0]!.shape[2]!;
    return [mul(averagePool(dy!, factor), factor * factor), null, null];
  },
  AveragePool: ({ node, outputGradients: [dy] }) => {
    const factor = node.inputs[0]!.shape[2]! / node.outputs[0]!.shape[2]!;
    return [mul(upsampleNearest(dy!, factor), 1 / (factor * factor))];
  },
};
