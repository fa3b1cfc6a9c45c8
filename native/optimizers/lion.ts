import { optimizerFacts, type SettingsOf } from '../facts/optimizers.ts';
import { add, mul, sign, sub } from '../graph/ops/elementwise.ts';
import { type Kernel, plainKind } from './one-pass/kernel.ts';
import { cacheLine } from './one-pass/layout.ts';
import { onePassOver } from './one-pass/one-pass.ts';
import type { Optimizer } from './optimizer.ts';

/**
 * Lion (Chen et al. 2023, "Symbolic Discovery of Optimization Algorithms", algorithm 2): parameters go by the sign of
 * β₁ m + (1 - β₁) g and decay apart from it, the momentum m becomes β₂ m + (1 - β₂) g. Both are written as g + β (m - g), so
 * that the momentum is read once.
 */
export function lion({ beta1, beta2, weightDecay }: SettingsOf<'lion'>): Optimizer {
  const decayAt = (learningRate: number): number => 1 - learningRate * weightDecay;
  const kernel: Kernel = {
    name: 'lion',
    alignment: cacheLine,
    kinds: [plainKind('momentum')],
    tables: [],
    scalarsAt: (_step, learningRate) => [beta1, beta2, learningRate, decayAt(learningRate)],
  };
  return {
    kind: 'lion',
    state: optimizerFacts.lion.state,
    scalars: ['learning-rate', 'decay'],
    scalarsAt: (_step, learningRate) => ({
      'learning-rate': learningRate,
      decay: decayAt(learningRate),
    }),
    update: ({ gradient, before, scalar, shaped }) => {
      const difference = sub(before('momentum'), gradient);
      const direction = sign(add(gradient, mul(difference, beta1)));
      const change = mul(direction, scalar('learning-rate'));
      return {
        parameter: sub(shaped(mul(before('parameter'), scalar('decay'))), shaped(change)),
        momentum: add(shaped(gradient), shaped(mul(difference, beta2))),
      };
    },
    onePass: (trainable, rule, parts) => onePassOver(trainable, rule, parts, () => kernel),
  };
}
