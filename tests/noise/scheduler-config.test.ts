import { describe, expect, test } from 'vitest';

import { Failure } from '../../native/failure.ts';
import { parseSchedulerConfig } from '../../native/noise/scheduler-config.ts';

const file = 'scheduler/scheduler_config.json';

function failureOf(text: string): Failure {
  try {
    parseSchedulerConfig(text, file);
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
  throw new Error('was accepted');
}

describe('a scheduler config', () => {
  test('of Stable Diffusion 1.x is read, with what it does not say left open', () => {
    const config = parseSchedulerConfig(
      JSON.stringify({
        _class_name: 'PNDMScheduler',
        _diffusers_version: '0.6.0',
        beta_end: 0.012,
        beta_schedule: 'scaled_linear',
        beta_start: 0.00085,
        num_train_timesteps: 1000,
        set_alpha_to_one: false,
        skip_prk_steps: true,
        steps_offset: 1,
        trained_betas: null,
        clip_sample: false,
      }),
      file,
    );
    expect(config).toMatchObject({
      betaSchedule: 'scaled_linear',
      betaStart: 0.00085,
      betaEnd: 0.012,
      stepsOffset: 1,
      setAlphaToOne: false,
      clipSample: false,
      predictionType: 'epsilon',
      timestepSpacing: undefined,
      zeroTerminalSnr: false,
    });
  });

  test('may hold the -Infinity that Python writes', () => {
    expect(parseSchedulerConfig('{"lambda_min_clipped": -Infinity}', file).lambdaMinClipped).toBe(-Infinity);
    expect(parseSchedulerConfig('{"lambda_min_clipped": -5.1}', file).lambdaMinClipped).toBe(-5.1);
  });

  test.each([
    ['prediction_type', 'flow_prediction'],
    ['prediction_type', 'sample'],
    ['beta_schedule', 'sigmoid'],
    ['timestep_spacing', 'random'],
    ['final_sigmas_type', 'one'],
    ['num_train_timesteps', 0],
    ['num_train_timesteps', '1000'],
    ['beta_end', 1.5],
    ['steps_offset', -1],
    ['thresholding', true],
    ['use_flow_sigmas', true],
    ['use_exponential_sigmas', true],
    ['interpolation_type', 'log_linear'],
    ['trained_betas', [0.1, 0.2]],
  ])('with %s %j is refused, naming the file and the field', (field, value) => {
    const failure = failureOf(JSON.stringify({ [field]: value }));
    expect(failure.code).toBe('scheduler-config-field');
    expect(failure.message).toContain(field);
    expect(failure.message).toContain(file);
  });

  test('that is no JSON, or no object, is refused', () => {
    expect(failureOf('{"beta').code).toBe('scheduler-config-json');
    expect(failureOf('[]').code).toBe('scheduler-config-field');
  });
});
