import { optimizerFacts, type SettingsOf } from '../facts/optimizers.ts';
import type { Value } from '../graph/graph.ts';
import { add, div, mul, sqrt, sub } from '../graph/ops/elementwise.ts';
import { adamwScalars, adamwScalarsAt } from './adamw-scalars.ts';
import { adamwKernel } from './one-pass/adamw-kernels.ts';
import { onePassOver } from './one-pass/one-pass.ts';
import type { Optimizer } from './optimizer.ts';

/**
 * AdamW (Loshchilov & Hutter 2019; PyTorch's order of operations). The moments are kept without their factors 1 - beta1 and
 * 1 - beta2, which the scalars make up for: two passes over memory less.
 */
export function adamw(settings: SettingsOf<'adamw'>): Optimizer {
  const kernel = adamwKernel(settings);
  return {
    kind: 'adamw',
    state: optimizerFacts.adamw.state,
    scalars: adamwScalars,
    scalarsAt: (step, learningRate) => adamwScalarsAt(settings, step, learningRate),
    update: ({ gradient, before, scalar, flat, shaped }) => {
      const [learningRate, decay, epsilon] = adamwScalars.map(scalar);
      const sum = (a: Value, b: Value): Value => add(shaped(a), shaped(b));
      const firstMoment = sum(mul(before('firstMoment'), settings.beta1), gradient);
      const secondMoment = sum(mul(before('secondMoment'), settings.beta2), mul(gradient, gradient));
      const direction = flat(div(firstMoment, shaped(add(flat(sqrt(secondMoment)), epsilon!))));
      const change = mul(direction, learningRate!);
      const parameter = sub(shaped(mul(before('parameter'), decay!)), shaped(change));
      return { parameter, firstMoment, secondMoment };
    },
    onePass: (trainable, rule, parts) => onePassOver(trainable, rule, parts, () => kernel),
  };
}
