import type { SamplerName } from '../facts/samplers.ts';
import type { SchedulerConfig } from '../noise/scheduler-config.ts';
import { ddim } from './samplers/ddim.ts';
import { dpmSolver2m } from './samplers/dpm-solver-2m.ts';
import { euler } from './samplers/euler.ts';
import { eulerAncestral } from './samplers/euler-ancestral.ts';
import { pndm } from './samplers/pndm.ts';
import type { Sampler } from './samplers/sampler.ts';

const makers: Readonly<Record<SamplerName, (config: SchedulerConfig, steps: number) => Sampler>> = {
  ddim,
  pndm,
  euler,
  'euler-ancestral': eulerAncestral,
  'dpm++-2m': (config, steps) => dpmSolver2m(config, steps, false),
  'dpm++-2m-karras': (config, steps) => dpmSolver2m(config, steps, true),
};

/**
 * The sampler of this name for one run of `steps` steps over a model's noise schedule, as diffusers' class of that
 * name makes it with `from_config` (checked against diffusers 0.42).
 * Throws a `Failure` where the schedule and the number of steps do not go together.
 */
export function createSampler(name: SamplerName, config: SchedulerConfig, steps: number): Sampler {
  return makers[name](config, steps);
}
