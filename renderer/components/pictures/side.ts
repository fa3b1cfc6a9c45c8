/** One of two pictures that are judged against each other. */
export interface Side {
  readonly address: string;
  /** What it is, in a few words, and what is good to know of it. */
  readonly title: string;
  readonly detail: string;
  readonly width: number;
  readonly height: number;
}
