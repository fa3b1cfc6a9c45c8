import { z } from 'zod';

import { type PredictionType, predictionTypes } from '../facts/config-facts.ts';
import { Failure } from '../failure.ts';
import { parsePythonJson } from '../files/json-file.ts';

const betaSchedules = ['linear', 'scaled_linear', 'squaredcos_cap_v2'] as const;
export type BetaSchedule = (typeof betaSchedules)[number];

/** How the steps are spread over the training timesteps: Lin et al. (2023), table 2. */
const timestepSpacings = ['linspace', 'leading', 'trailing'] as const;
export type TimestepSpacing = (typeof timestepSpacings)[number];

const switchedOff = z.literal(false).nullish();

const format = z.object({
  num_train_timesteps: z.number().int().min(1).max(100_000).default(1000),
  beta_start: z.number().min(0).lt(1).default(0.0001),
  beta_end: z.number().min(0).lt(1).default(0.02),
  beta_schedule: z.enum(betaSchedules).default('linear'),
  trained_betas: z.array(z.number().min(0).max(1)).nullish(),
  rescale_betas_zero_snr: z.boolean().nullish(),
  prediction_type: z.enum(predictionTypes).default('epsilon'),
  timestep_spacing: z.enum(timestepSpacings).nullish(),
  steps_offset: z.number().int().min(0).default(0),
  set_alpha_to_one: z.boolean().nullish(),
  clip_sample: z.boolean().nullish(),
  clip_sample_range: z.number().positive().default(1),
  final_sigmas_type: z.enum(['zero', 'sigma_min']).default('zero'),
  lower_order_final: z.boolean().default(true),
  euler_at_final: z.boolean().default(false),
  lambda_min_clipped: z.number().max(0).nullish(),
  sigma_min: z.null().optional(),
  sigma_max: z.null().optional(),
  interpolation_type: z.literal('linear').nullish(),
  timestep_type: z.literal('discrete').nullish(),
  thresholding: switchedOff,
  use_exponential_sigmas: switchedOff,
  use_beta_sigmas: switchedOff,
  use_lu_lambdas: switchedOff,
  use_flow_sigmas: switchedOff,
});

/**
 * A diffusers `scheduler_config.json`. Where a field is `undefined`, each sampler has its own default for it, as in
 * diffusers; the other defaults are those all of its schedulers share.
 */
export interface SchedulerConfig {
  readonly trainTimesteps: number;
  readonly betaStart: number;
  readonly betaEnd: number;
  readonly betaSchedule: BetaSchedule;
  /** Used instead of `betaSchedule` where given; one per training timestep. */
  readonly trainedBetas: readonly number[] | undefined;
  /** Whether the last training timestep is made pure noise: Lin et al. (2023), algorithm 1. */
  readonly zeroTerminalSnr: boolean;
  readonly predictionType: PredictionType;
  readonly timestepSpacing: TimestepSpacing | undefined;
  readonly stepsOffset: number;
  readonly setAlphaToOne: boolean | undefined;
  readonly clipSample: boolean | undefined;
  readonly clipSampleRange: number;
  readonly finalSigma: 'zero' | 'sigma_min';
  readonly lowerOrderFinal: boolean;
  readonly eulerAtFinal: boolean;
  /** Timesteps whose log(alpha / sigma) is below this are left out by DPM-Solver++. */
  readonly lambdaMinClipped: number;
}

/**
 * Reads the text of a `scheduler_config.json`. Which scheduler it was written for (`_class_name`) does not matter;
 * fields that only other schedulers know are ignored, and so are those that a sampler's name decides
 * (`algorithm_type`, `solver_order`, `solver_type`, `skip_prk_steps`, `use_karras_sigmas`).
 * Throws a `Failure` naming `file` and the field where a value is none that pictures could be made with here.
 */
export function parseSchedulerConfig(text: string, file: string): SchedulerConfig {
  let json: unknown;
  try {
    json = parsePythonJson(text);
  } catch (cause) {
    throw new Failure(
      'scheduler-config-json',
      `${file} is not JSON`,
      'Take the file from the model again.',
      cause,
    );
  }
  const result = format.safeParse(json);
  if (!result.success) {
    const issue = result.error.issues[0]!;
    const field = issue.path.join('.');
    throw new Failure(
      'scheduler-config-field',
      `${file}: ${field === '' ? 'the whole' : `“${field}”`} is not supported: ${issue.message}`,
      'Use a model with a scheduler as Stable Diffusion 1.x, 2.x or XL has it, or correct the field.',
    );
  }
  const config = result.data;
  const betas = config.trained_betas ?? undefined;
  if (betas !== undefined && betas.length !== config.num_train_timesteps) {
    throw new Failure(
      'scheduler-config-field',
      `${file}: “trained_betas” has ${betas.length} values for ${config.num_train_timesteps} timesteps`,
      'Give one beta per training timestep.',
    );
  }
  return {
    trainTimesteps: config.num_train_timesteps,
    betaStart: config.beta_start,
    betaEnd: config.beta_end,
    betaSchedule: config.beta_schedule,
    trainedBetas: betas,
    zeroTerminalSnr: config.rescale_betas_zero_snr ?? false,
    predictionType: config.prediction_type,
    timestepSpacing: config.timestep_spacing ?? undefined,
    stepsOffset: config.steps_offset,
    setAlphaToOne: config.set_alpha_to_one ?? undefined,
    clipSample: config.clip_sample ?? undefined,
    clipSampleRange: config.clip_sample_range,
    finalSigma: config.final_sigmas_type,
    lowerOrderFinal: config.lower_order_final,
    eulerAtFinal: config.euler_at_final,
    lambdaMinClipped: config.lambda_min_clipped ?? -Infinity,
  };
}
