import { readFileSync } from 'node:fs';

import type { SamplerName } from '../../native/facts/samplers.ts';
import { parseSchedulerConfig, type SchedulerConfig } from '../../native/noise/scheduler-config.ts';

/** A whole run of one of diffusers' schedulers over the toy model. */
export interface ReferenceRun {
  readonly config: string;
  readonly sampler: SamplerName;
  readonly steps: number;
  readonly timesteps: readonly number[];
  readonly initialNoiseScale: number;
  readonly latents: readonly number[];
}

function read(file: string): unknown {
  return JSON.parse(readFileSync(new URL(`../reference/fixtures/${file}`, import.meta.url), 'utf8'));
}

/** diffusers 0.42.1 with PyTorch 2.15.0; made by tests/reference/samplers-diffusers.py. */
export const reference = read('samplers-diffusers.json') as {
  readonly seed: number;
  readonly shape: readonly number[];
  readonly configs: Readonly<Record<string, unknown>>;
  readonly runs: readonly ReferenceRun[];
};

/** `alphas_cumprod` by name of config, from the same script. */
export const referenceAlphas = (
  read('noise-schedules-diffusers.json') as {
    readonly alphasCumprod: Readonly<Record<string, readonly number[]>>;
  }
).alphasCumprod;

export function referenceConfig(name: string): SchedulerConfig {
  return parseSchedulerConfig(JSON.stringify(reference.configs[name]), name);
}

/** The toy model of the script: smooth, elementwise, and different at each timestep. */
export function toyModel(latents: Float32Array, timestep: number): Float32Array<ArrayBuffer> {
  return Float32Array.from(latents, (value) => Math.tanh(0.7 * value + 0.5 * Math.sin(timestep / 100)));
}
