import { z } from 'zod';

import { maskSourceLabels, maskSources, maskText, usualMasks } from '../../native/facts/masks.ts';

export { maskSourceLabels, maskSources, maskText, usualMasks };

/** Which parts of images are learned. */
export const maskSchema = z.strictObject({
  source: z.enum(maskSources).default(usualMasks.source),
  /** What the parts count that a mask leaves out. */
  unmaskedWeight: z.number().min(0).max(1).default(usualMasks.unmaskedWeight),
  normalize: z.boolean().default(usualMasks.normalize),
});
export type MaskSpec = z.output<typeof maskSchema>;
