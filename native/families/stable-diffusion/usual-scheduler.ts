import type { JsonObject } from '../../files/json-file.ts';
import type { UsualScheduler } from '../../weights/component-kind.ts';

/** The noise that models of this family were trained on, as it is published with them. */
export function schedulerConfig(prediction: string, zeroSnr: boolean): JsonObject {
  return {
    _class_name: 'PNDMScheduler',
    beta_end: 0.012,
    beta_schedule: 'scaled_linear',
    beta_start: 0.000_85,
    clip_sample: false,
    num_train_timesteps: 1000,
    prediction_type: prediction,
    set_alpha_to_one: false,
    skip_prk_steps: true,
    steps_offset: 1,
    trained_betas: null,
    ...(zeroSnr && { rescale_betas_zero_snr: true }),
  };
}

/** Of the second generation those made for 768 pixels predict velocity: its UNet projects by matrices. */
export function usualScheduler(unet: JsonObject): UsualScheduler {
  const velocity = unet.use_linear_projection === true && unet.sample_size === 96;
  return {
    config: schedulerConfig(velocity ? 'v_prediction' : 'epsilon', false),
    because: velocity
      ? 'it has no noise schedule, so the usual one of Stable Diffusion 2.x for 768 px is taken; it predicts velocity'
      : 'it has no noise schedule, so the usual one is taken; it predicts noise',
  };
}
