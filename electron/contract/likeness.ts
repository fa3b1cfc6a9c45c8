import { z } from 'zod';

import { failureSchema, id } from './values.ts';

/** A figure, and the interval that holds 95 of 100 of those got from pictures drawn anew among the same ones. */
const figureSchema = z.object({ value: z.number(), low: z.number(), high: z.number() });
export type LikenessFigure = z.output<typeof figureSchema>;

/** How near the pictures of a run are to the images it was trained on, and to those held out. */
export const likenessSchema = z.object({
  /** `working` and `failed`: what is here is of the pictures that there were before, or nothing yet. */
  state: z.enum(['ready', 'working', 'failed']),
  failure: failureSchema.nullable(),
  /** A picture as near as this to a training image may be a copy of it; null where nothing was compared yet. */
  limit: z.number().nullable(),
  heldOut: z.int(),
  /**
   * Kernel distance of training images in place of pictures, which pictures that cannot be told from real ones have as well: of
   * `images`, its interval of `atOnce` of them. Null where there are too few, or nothing was compared yet.
   */
  real: z.object({ distance: figureSchema, images: z.int(), atOnce: z.int() }).nullable(),
  epochs: z.array(
    z.object({
      epoch: z.int(),
      pictures: z.int(),
      /** Of these, likely copies of a training image. */
      copies: z.int(),
      /** Kernel distance from the held-out images, an estimate that may fall below 0; null where there are too few. */
      distance: figureSchema.nullable(),
      /** Share of the other held-out images that are further from a picture than the one whose caption it was made of. */
      rank: figureSchema.nullable(),
    }),
  ),
  pictures: z.array(
    z.object({
      sampleId: id,
      /** The nearest training image: by its path in the data set, and by its id where the data set still has it. */
      name: z.string(),
      imageId: id.nullable(),
      distance: z.number(),
      /** How far the base's picture of the same words and noise is from its own nearest. */
      control: z.number().nullable(),
      copy: z.boolean(),
    }),
  ),
});
export type Likeness = z.output<typeof likenessSchema>;
