import { noiseSchedule } from '../../noise/noise-schedule.ts';
import type { SchedulerConfig } from '../../noise/scheduler-config.ts';
import { combine, predictedOriginal } from './prediction.ts';
import type { Sampler } from './sampler.ts';
import { interpolate, karrasSigmas, signalAndNoise, timestepOfSigma, trainingSigmas } from './sigmas.ts';
import { checkSteps, roundHalfToEven, spacedTimestepsWithEnd } from './timesteps.ts';

/** Log signal over noise, the time the solver is exact in; infinite where no noise is left. */
function lambda(sigma: number): number {
  return -Math.log(sigma);
}

/** Timesteps from the noisiest down, and the sigmas of their model calls. */
function plan(
  config: SchedulerConfig,
  sigmas: Float32Array,
  steps: number,
  karras: boolean,
): { readonly timesteps: number[]; readonly sigmas: number[] } {
  if (karras) {
    const chosen = karrasSigmas(sigmas[0]!, sigmas[sigmas.length - 1]!, steps);
    const whole = config.betaSchedule === 'squaredcos_cap_v2' ? Math.trunc : roundHalfToEven;
    return { timesteps: chosen.map((sigma) => whole(timestepOfSigma(sigma, sigmas))), sigmas: chosen };
  }
  const end = sigmas.findLastIndex((sigma) => lambda(sigma) >= config.lambdaMinClipped) + 1;
  const spacing = config.timestepSpacing ?? 'linspace';
  const timesteps = spacedTimestepsWithEnd(spacing, sigmas.length, end, steps, config.stepsOffset);
  return { timesteps, sigmas: timesteps.map((t) => interpolate(sigmas, t)) };
}

/**
 * DPM-Solver++(2M) (Lu et al. 2022, algorithm 2, midpoint): second-order multistep on the predicted clean latents, with
 * the first step and, where no noise is left at the end, the last one of first order.
 * `karras`: sigmas spaced as in Karras et al. (2022), equation 5, over the whole schedule, instead of even timesteps.
 */
export function dpmSolver2m(config: SchedulerConfig, steps: number, karras: boolean): Sampler {
  checkSteps(steps, config.trainTimesteps);
  const schedule = noiseSchedule(config);
  const training = trainingSigmas(schedule, config);
  const { timesteps, sigmas: chosen } = plan(config, training, steps, karras);
  const sigmas = Float32Array.from([...chosen, config.finalSigma === 'zero' ? 0 : training[0]!]);
  const count = timesteps.length;
  const firstOrderAtEnd =
    config.finalSigma === 'zero' || config.eulerAtFinal || (config.lowerOrderFinal && count < 15);

  let previous: Float32Array | undefined;
  let expected = 0;

  return {
    timesteps: Float32Array.from(timesteps),
    initialNoiseScale: 1,
    scaleInput: (latents) => latents,
    step(modelOutput, i, latents) {
      if (i !== expected++) throw new Error(`Step ${i} out of order: the output before it is needed`);
      const from = signalAndNoise(sigmas[i]!);
      const to = signalAndNoise(sigmas[i + 1]!);
      const original = combine(
        predictedOriginal(schedule.predictionType, from.signal, from.noise),
        latents,
        modelOutput,
      );
      const h = lambda(sigmas[i + 1]!) - lambda(sigmas[i]!);
      const kept = to.noise / from.noise;
      const added = -to.signal * Math.expm1(-h);
      const before = previous;
      previous = original;
      if (before === undefined || (i === count - 1 && firstOrderAtEnd)) {
        return combine({ latents: kept, output: added }, latents, original);
      }
      const ratio = (lambda(sigmas[i]!) - lambda(sigmas[i - 1]!)) / h;
      return latents.map((value, j) => {
        const slope = (original[j]! - before[j]!) / ratio;
        return kept * value + added * (original[j]! + slope / 2);
      });
    },
  };
}
