import { optimizerFacts, type SettingsOf } from '../facts/optimizers.ts';
import type { Value } from '../graph/graph.ts';
import { abs, add, div, equal, maximum, minimum, mul, sqrt, sub, where } from '../graph/ops/elementwise.ts';
import { reduceSum } from '../graph/ops/reduce.ts';
import { onePassOver } from './one-pass/one-pass.ts';
import { prodigyKernel } from './one-pass/prodigy-kernel.ts';
import type { AcrossAll, Optimizer, StepValues } from './optimizer.ts';
import { plainForm } from './optimizer.ts';

/** Beside it a sum of absolute values is zero; then nothing has had a gradient yet. */
const smallest = 1e-37;

/**
 * Prodigy (Mishchenko & Defazio 2023, "Prodigy: An Expeditiously Adaptive Parameter-Free Learner"; prodigyopt's order of
 * operations): AdamW whose step size d is estimated from how far all weights together have gone along their gradients. The
 * estimate is made of every parameter before any is updated.
 */
export function prodigy(settings: SettingsOf<'prodigy'>): Optimizer {
  const { beta1, beta2, epsilon, weightDecay, firstEstimate } = settings;
  const shared = { estimate: firstEstimate, 'greatest-estimate': firstEstimate, 'way-gone': 0 };
  const ratesAt = (step: number, learningRate: number) => {
    const correction = settings.biasCorrection ? Math.sqrt(1 - beta2 ** step) / (1 - beta1 ** step) : 1;
    const rate = learningRate * correction;
    return { 'learning-rate': rate, 'decay-rate': rate * weightDecay };
  };
  return {
    kind: 'prodigy',
    state: optimizerFacts.prodigy.state,
    form: (kind, parameter) => ({
      ...plainForm(parameter),
      ...(kind === 'begin' && { begins: 'parameter' as const }),
    }),
    shared,
    scalars: ['learning-rate', 'decay-rate'],
    scalarsAt: ratesAt,
    acrossAll: (steps, scalar) => estimated(steps, scalar, settings),
    update: ({ gradient, before, found, scalar, flat, shaped }) => {
      const estimate = scalar('estimate');
      const size = mul(estimate, scalar('learning-rate'));
      const weighed = mul(gradient, mul(estimate, 1 - beta1));
      const firstMoment = add(shaped(mul(before('firstMoment'), beta1)), shaped(weighed));
      const square = mul(mul(gradient, gradient), mul(mul(estimate, estimate), 1 - beta2));
      const secondMoment = add(shaped(mul(before('secondMoment'), beta2)), shaped(square));
      const denominator = add(flat(sqrt(secondMoment)), mul(found.next!, epsilon));
      const change = mul(div(flat(firstMoment), denominator), size);
      const kept = mul(before('parameter'), sub(1, mul(estimate, scalar('decay-rate'))));
      return {
        parameter: sub(shaped(kept), shaped(change)),
        firstMoment,
        secondMoment,
        gradientSum: found.gradientSum!,
      };
    },
    onePass: (trainable, rule, parts) => {
      const kernel = prodigyKernel(settings, shared, ratesAt, smallest);
      return onePassOver(trainable, rule, parts, () => kernel);
    },
  };
}

/** The next estimate, and of each parameter the weighted sum of its gradients. */
function estimated(
  steps: readonly StepValues[],
  scalar: (name: string) => Value,
  { beta2, firstEstimate, coefficient, growthRate, safeguardWarmup }: SettingsOf<'prodigy'>,
): AcrossAll {
  const beta3 = Math.sqrt(beta2);
  const estimate = scalar('estimate');
  const relative = mul(estimate, 1 / firstEstimate);
  const size = mul(estimate, scalar('learning-rate'));
  const weight = mul(relative, safeguardWarmup ? estimate : size);
  const sumOfAll = (x: Value): Value => reduceSum(x, [...x.shape.keys()]);
  const sums = steps.map(({ gradient, before, shaped }) => {
    const gone = sumOfAll(mul(gradient, sub(before('begin'), before('parameter'))));
    const gradientSum = add(shaped(mul(before('gradientSum'), beta3)), shaped(mul(gradient, weight)));
    return { gone, gradientSum, length: sumOfAll(abs(gradientSum)) };
  });
  const total = (values: readonly Value[]): Value => values.reduce((sum, value) => add(sum, value));
  const gone = mul(total(sums.map((sum) => sum.gone)), mul(relative, size));
  const wayGone = add(mul(scalar('way-gone'), beta3), gone);
  const length = maximum(total(sums.map((sum) => sum.length)), smallest);
  const found = mul(div(wayGone, length), coefficient);
  const isFirst = equal(estimate, firstEstimate);
  const current = where(isFirst, maximum(estimate, found), estimate);
  const greatest = maximum(scalar('greatest-estimate'), found);
  const next = growthRate > 0 ? minimum(greatest, mul(current, growthRate)) : maximum(greatest, current);
  return {
    shared: { estimate: next, 'greatest-estimate': greatest, 'way-gone': wayGone },
    found: sums.map(({ gradientSum }) => ({ gradientSum, next })),
  };
}
