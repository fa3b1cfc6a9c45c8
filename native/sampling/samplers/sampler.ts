/** Latents of a batch, `[pictures, channels, height, width]`; samplers work element by element and need no shape. */
export type Latents = Float32Array<ArrayBuffer>;

/**
 * One picture's or batch's way from noise to latents. It remembers what multistep methods need of earlier steps, so
 * each run of sampling creates its own, and `step` is called with i = 0, 1, 2 … up to the last timestep.
 */
export interface Sampler {
  /** What the model is fed as its timestep, call by call; fractional for the Euler samplers on some schedules. */
  readonly timesteps: Float32Array;
  /** Standard normal noise times this is what sampling starts from. */
  readonly initialNoiseScale: number;
  /** What the model is fed for these latents at call `i`: new or, where nothing is scaled, `latents` itself. */
  readonly scaleInput: (latents: Latents, i: number) => Latents;
  /**
   * The latents after call `i`, in a new array.
   * `modelOutput`: the model's output, guidance applied, of `latents`' length. `noise`: standard normal noise of the
   * same length; called exactly once a step by `euler-ancestral` and by no other.
   */
  readonly step: (
    modelOutput: Float32Array,
    i: number,
    latents: Latents,
    noise: () => Float32Array,
  ) => Latents;
}
