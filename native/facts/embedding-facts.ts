import type { LoraBase } from './lora-facts.ts';

/** Numbers of a vector of the base that comes with Screenfold. */
export const embeddedBaseWidth = 128;

/** What the file of a new word says of it. */
export interface EmbeddingFacts {
  /** What prompts call it: its tensor's name, else the file's. */
  readonly word: string;
  /** How many vectors stand for it. */
  readonly vectors: number;
  /** Numbers of a vector, for each text encoder. */
  readonly widths: readonly number[];
  /** What it is for; null where it is for none of these. */
  readonly base: LoraBase | null;
}

/** Of a word that `generate` is lent. */
export interface LentWord {
  readonly word: string;
  readonly vectors: number;
  /** Whether any of the prompts has it. */
  readonly said: boolean;
}
