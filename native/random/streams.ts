/**
 * What a run draws random numbers for. A stream's number is part of every draw: changing one changes what old runs
 * resume to, so numbers are never reused or renumbered.
 */
export const streams = {
  noise: 1,
  timesteps: 2,
  captions: 3,
  dropout: 4,
  flip: 5,
  order: 6,
  'noise-offset': 7,
  posterior: 8,
  'initial-weights': 9,
  validation: 10,
  'noise-deviation': 11,
  'class-images': 12,
  'noise-pyramid': 13,
  'noise-pyramid-ratio': 14,
  'input-perturbation': 15,
  'lora-ranks': 16,
  alterations: 20,
  versions: 21,
} as const;

export type Stream = keyof typeof streams;
