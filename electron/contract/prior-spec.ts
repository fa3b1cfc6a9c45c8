import { z } from 'zod';

import { samplers } from '../../native/facts/samplers.ts';
import { countOf } from './quantities.ts';

const words = z.string().trim().min(1).max(1000);

/** Class images, by which a run keeps what the base knows of its subject's kind (DreamBooth, Ruiz et al. 2022). */
export const priorSchema = z.strictObject({
  /** The kind, as in `a dog`: what the base is asked for, and the caption of given images that have none. */
  prompt: words,
  /** How many the base makes. */
  count: z.int().min(1).max(10_000).default(100),
  /** What their loss counts beside that of the images. */
  weight: z.number().min(0).max(1000).default(1),
  /** Class images that are there already; left out: the base makes them. */
  folder: z.string().min(1).max(100_000).optional(),
  /** How they are made; left out: as the run's pictures. */
  sampler: z.enum(samplers).optional(),
  steps: z.int().min(1).max(1000).optional(),
  guidanceScale: z.number().min(0).max(100).optional(),
});
export type PriorSpec = z.output<typeof priorSchema>;

/** What a run that begins to use class images has of them. */
export const usualPrior: PriorSpec = { prompt: '', count: 100, weight: 1 };

/** In a line, for who looks at a run: `100 pictures of “a dog”, weight 1`. */
export function priorText({ prompt, count, weight, folder }: PriorSpec): string {
  const which =
    folder === undefined ? `${countOf(count, 'picture')} of “${prompt}”` : `“${prompt}” from ${folder}`;
  return `${which}, weight ${weight}`;
}
