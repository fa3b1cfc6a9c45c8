import type { JsonObject } from '../../files/json-file.ts';
import type { UsualScheduler } from '../../weights/component-kind.ts';

/** The noise that models of this family were trained on, as it is published with them. */
export function xlSchedulerConfig(prediction: string, zeroSnr: boolean): JsonObject {
  return {
    _class_name: 'EulerDiscreteScheduler',
    beta_end: 0.012,
    beta_schedule: 'scaled_linear',
    beta_start: 0.000_85,
    clip_sample: false,
    interpolation_type: 'linear',
    num_train_timesteps: 1000,
    prediction_type: prediction,
    sample_max_value: 1,
    set_alpha_to_one: false,
    skip_prk_steps: true,
    steps_offset: 1,
    timestep_spacing: 'leading',
    trained_betas: null,
    use_karras_sigmas: false,
    ...(zeroSnr && { rescale_betas_zero_snr: true }),
  };
}

export function usualXlScheduler(): UsualScheduler {
  return {
    config: xlSchedulerConfig('epsilon', false),
    because: 'it has no noise schedule, so the usual one is taken; it predicts noise',
  };
}
