import type { RunAim } from '../contract/runs.ts';

/** What a run that is to learn one kind of thing does otherwise than another. */
export interface AimFacts {
  /** Of a LoRA. */
  readonly rank: number;
  /** Whether a LoRA is put on the text encoder as well, which a name of one's own asks for. */
  readonly textEncoder: boolean;
  /** Of the steps after which a style shows. */
  readonly steps: number;
  readonly randomFlip: boolean;
}

export const aimFacts: Readonly<Record<RunAim, AimFacts>> = {
  style: { rank: 16, textEncoder: false, steps: 1, randomFlip: false },
  // A parting of the hair or a scar has its side.
  character: { rank: 32, textEncoder: true, steps: 0.75, randomFlip: false },
  object: { rank: 8, textEncoder: true, steps: 0.5, randomFlip: true },
};

/** Text encoders forget sooner than they learn: with them everything is trained more slowly. */
export const withTextEncoder = 0.5;
