/** How much of a caption or prompt a model reads. */
export interface TextReading {
  /**
   * Tokens of a text that are read at once; marks of begin and end are not counted. Of captions, what is beyond is left out unless the
   * run reads more; prompts are read in up to `mostChunks` times as many.
   */
  readonly limit: number;
  /** Tokens of a whole text. */
  readonly count: (text: string) => number;
  /** Tokens of a whole prompt, whose brackets weigh words. */
  readonly countPrompt: (text: string) => number;
}
