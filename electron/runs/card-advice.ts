import { z } from 'zod';

import { schedules } from '../contract/run-spec.ts';

const rate = z.number().positive().max(1);

const adviceSchema = z.object({
  /** Under AdamW, by method. */
  learningRate: z.object({ full: rate.optional(), lora: rate.optional() }).prefault({}),
  /** Steps after which a style shows. */
  steps: z.int().min(1).max(1_000_000).optional(),
  /** Times that each image is wanted at least, of however many: a large set is not learned in the steps of a small one. */
  epochs: z.int().min(1).max(1000).optional(),
  batchSize: z.int().min(1).max(4096).optional(),
  guidanceScale: z.number().min(0).max(100).optional(),
  schedule: z.enum(schedules).optional(),
  warmupSteps: z.int().min(0).max(100_000).optional(),
  emaDecay: z.number().min(0).lt(1).optional(),
  minSnrGamma: z.number().min(0).max(100).optional(),
});

/** How a base wants to be trained and drawn from, as far as its card says. */
export type CardAdvice = z.output<typeof adviceSchema>;

export const noAdvice: CardAdvice = adviceSchema.parse({});

/**
 * What the front matter of a model's card says under `screenfold`, as JSON on one line, which YAML takes as well:
 * `screenfold: { "learningRate": { "full": 2e-4 }, "guidanceScale": 3 }`. Nothing where it cannot be read: a card is a
 * help, not a condition.
 */
export function cardAdvice(card: string | null): CardAdvice {
  const front = /^---\r?\n([\s\S]*?)\r?\n---/.exec(card ?? '')?.[1] ?? '';
  const line = /^screenfold:\s*(\{.*\})\s*$/m.exec(front)?.[1];
  if (line === undefined) return noAdvice;
  try {
    return adviceSchema.parse(JSON.parse(line));
  } catch {
    return noAdvice;
  }
}
