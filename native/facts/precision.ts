/** What a run, or the making of pictures, may be told to compute in; `auto`: what suits the device. */
export const precisionChoices = ['auto', 'float32', 'float16'] as const;
export type PrecisionChoice = (typeof precisionChoices)[number];

/** What is computed in. */
export type ComputePrecision = 'float32' | 'float16';
