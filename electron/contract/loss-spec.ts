import { z } from 'zod';

import {
  errorText,
  isUnusualLoss,
  isUnusualNoise,
  lossKinds,
  lossLabels,
  noiseTexts,
  thresholdSchedules,
  usualLoss,
  usualNoise,
} from '../../native/facts/losses.ts';

export {
  errorText,
  isUnusualLoss,
  isUnusualNoise,
  lossKinds,
  lossLabels,
  noiseTexts,
  thresholdSchedules,
  usualLoss,
  usualNoise,
};

/** How errors are measured while training, and what timesteps count. */
export const lossSchema = z.strictObject({
  kind: z.enum(lossKinds).default(usualLoss.kind),
  /** Of Huber and smooth L1: where squares become absolute values. */
  threshold: z.number().positive().max(1).default(usualLoss.threshold),
  /** How the threshold goes over the timesteps. */
  schedule: z.enum(thresholdSchedules).default(usualLoss.schedule),
  /** Multiplies the threshold where it is constant or exponential. */
  scale: z.number().positive().max(1000).default(usualLoss.scale),
  debiased: z.boolean().default(usualLoss.debiased),
});
export type LossSpec = z.output<typeof lossSchema>;

/** What is done to noise while training. */
export const noiseSchema = z.strictObject({
  inputPerturbation: z.number().min(0).max(10).default(usualNoise.inputPerturbation),
  /** Levels of coarser noise, each smaller than the one before; 0: none. */
  pyramidIterations: z.int().min(0).max(16).default(usualNoise.pyramidIterations),
  pyramidDiscount: z.number().min(0).max(1).default(usualNoise.pyramidDiscount),
  zeroTerminalSnr: z.boolean().default(usualNoise.zeroTerminalSnr),
});
export type NoiseSpec = z.output<typeof noiseSchema>;
