import type { SettingsOf } from '../../facts/optimizers.ts';
import { type Kernel, plainKind } from './kernel.ts';
import { cacheLine } from './layout.ts';

const single = Math.fround;

/**
 * `prodigy.wat`. What is made of the sums over all parameters is made in float32, as the graph of prodigy.ts makes it.
 * @param firsts what is kept of all parameters together, with what it is at first
 * @param ratesAt the graph's scalars at a step
 */
export function prodigyKernel(
  { beta1, beta2, epsilon, firstEstimate, coefficient, growthRate, safeguardWarmup }: SettingsOf<'prodigy'>,
  firsts: Readonly<Record<'estimate' | 'greatest-estimate' | 'way-gone', number>>,
  ratesAt: (step: number, learningRate: number) => Readonly<Record<'learning-rate' | 'decay-rate', number>>,
  smallestLength: number,
): Kernel {
  const shared = {
    estimate: Float32Array.of(firsts.estimate),
    'greatest-estimate': Float32Array.of(firsts['greatest-estimate']),
    'way-gone': Float32Array.of(firsts['way-gone']),
  };
  const beta3 = Math.sqrt(beta2);
  /** The estimate that a step goes by. */
  let estimate = 0;
  return {
    name: 'prodigy',
    alignment: cacheLine,
    kinds: [
      plainKind('firstMoment'),
      plainKind('secondMoment'),
      plainKind('gradientSum'),
      plainKind('begin'),
    ],
    tables: [],
    shared,
    acrossAll: (sumOver, step, learningRate) => {
      estimate = shared.estimate[0]!;
      const first = single(firstEstimate);
      const relative = single(estimate * single(1 / firstEstimate));
      const size = single(estimate * single(ratesAt(step, learningRate)['learning-rate']));
      const weight = single(relative * (safeguardWarmup ? estimate : size));
      const gone = single(single(sumOver('prodigyWay', [])) * single(relative * size));
      const wayGone = single(single(shared['way-gone'][0]! * single(beta3)) + gone);
      const length = Math.max(single(sumOver('prodigyLength', [beta3, weight])), single(smallestLength));
      const found = single(single(wayGone / length) * single(coefficient));
      const current = estimate === first ? Math.max(estimate, found) : estimate;
      const greatest = Math.max(shared['greatest-estimate'][0]!, found);
      const next =
        growthRate > 0
          ? Math.min(greatest, single(current * single(growthRate)))
          : Math.max(greatest, current);
      shared.estimate[0] = next;
      shared['greatest-estimate'][0] = greatest;
      shared['way-gone'][0] = wayGone;
    },
    scalarsAt: (step, learningRate) => {
      const rates = ratesAt(step, learningRate);
      const weight1 = estimate * single(1 - beta1);
      const weight2 = single(estimate * estimate) * single(1 - beta2);
      const rate = estimate * single(rates['learning-rate']);
      const decay = 1 - single(estimate * single(rates['decay-rate']));
      return [beta1, beta2, weight1, weight2, rate, decay, shared.estimate[0]! * single(epsilon)];
    },
  };
}
