import type { NoiseSchedule } from '../../noise/noise-schedule.ts';
import type { SchedulerConfig } from '../../noise/scheduler-config.ts';

/**
 * Noise over signal at each training timestep: sqrt((1 - alphasCumprod) / alphasCumprod), the sigma of Karras et al.
 * (2022). The last is finite even with a zero terminal signal-to-noise ratio.
 */
export function trainingSigmas(schedule: NoiseSchedule, config: SchedulerConfig): Float32Array<ArrayBuffer> {
  const last = schedule.trainTimesteps - 1;
  return schedule.alphasCumprod.map((alpha, t) => {
    // The smallest half-precision number, as diffusers has it, stands in for no signal at all.
    const signal = config.zeroTerminalSnr && t === last ? 2 ** -24 : alpha;
    return Math.sqrt(Math.fround(Math.fround(1 - signal) / signal));
  });
}

/** The value at a fractional index, linear between neighbours. */
export function interpolate(values: Float32Array, index: number): number {
  const low = Math.min(Math.max(Math.floor(index), 0), values.length - 1);
  const high = Math.min(low + 1, values.length - 1);
  return values[low]! + (values[high]! - values[low]!) * (index - low);
}

/** The variance-preserving form of a sigma: signal and noise factors whose squares add up to 1. */
export function signalAndNoise(sigma: number): { readonly signal: number; readonly noise: number } {
  const signal = 1 / Math.sqrt(sigma * sigma + 1);
  return { signal, noise: sigma * signal };
}

/** `steps` sigmas from `max` down to `min`: Karras et al. (2022), equation 5, with rho 7. */
export function karrasSigmas(min: number, max: number, steps: number): number[] {
  const rho = 7;
  const from = max ** (1 / rho);
  const to = min ** (1 / rho);
  return Array.from({ length: steps }, (_, i) => {
    const ramp = steps > 1 ? i / (steps - 1) : 0;
    return (from + ramp * (to - from)) ** rho;
  });
}

/** The fractional training timestep of a sigma, linear in log sigma between neighbours and held at the ends. */
export function timestepOfSigma(sigma: number, sigmas: Float32Array): number {
  const wanted = Math.log(sigma);
  let low = sigmas.findLastIndex((candidate) => Math.fround(Math.log(candidate)) <= wanted);
  low = Math.min(Math.max(low, 0), sigmas.length - 2);
  const below = Math.fround(Math.log(sigmas[low]!));
  const above = Math.fround(Math.log(sigmas[low + 1]!));
  const weight = Math.min(Math.max((below - wanted) / (below - above), 0), 1);
  return (1 - weight) * low + weight * (low + 1);
}
