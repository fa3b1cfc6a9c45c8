/** What makes pictures of a run; told when there is something to make them of, and when they are to go. */
export interface RunPictures {
  /** Queues what is missing of the run's epochs, prompts and seeds. */
  readonly wanted: (runId: number) => Promise<void>;
  /** Ends what is being made of the run's weights; its folder goes next. */
  readonly forget: (runId: number) => Promise<void>;
}
