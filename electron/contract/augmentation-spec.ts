import { z } from 'zod';

import {
  fewestVariants,
  mostAltered,
  mostVariants,
  usualAugmentation,
} from '../../native/facts/augmentation.ts';

export {
  type AlteredBy,
  alteredBy,
  augmentationText,
  fewestVariants,
  isAugmented,
  mostAltered,
  mostVariants,
  usualAugmentation,
} from '../../native/facts/augmentation.ts';

const upTo = (most: number) => z.number().min(0).max(most).default(0);

/** How images are altered while training; nothing is as long as all are 0. */
export const augmentationSchema = z.strictObject({
  /** Versions of each image, the image as it is among them. */
  variants: z.int().min(fewestVariants).max(mostVariants).default(usualAugmentation.variants),
  crop: upTo(mostAltered.crop),
  /** Degrees. */
  rotation: upTo(mostAltered.rotation),
  brightness: upTo(mostAltered.brightness),
  contrast: upTo(mostAltered.contrast),
  saturation: upTo(mostAltered.saturation),
  /** Degrees. */
  hue: upTo(mostAltered.hue),
});
export type AugmentationSpec = z.output<typeof augmentationSchema>;
