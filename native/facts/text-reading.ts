/** How much of a caption or prompt a model reads. */
export interface TextReading {
  /** Tokens of a text that are read; what is beyond is left out. Marks of start and end are not counted. */
  readonly limit: number;
  /** Tokens of a whole text. */
  readonly count: (text: string) => number;
}
