/**
 * How captions and prompts are read, where the model leaves a choice. Left out of a job: as the model was published.
 */
export interface CaptionReading {
  /**
   * Which layer of a text encoder the denoiser reads, counted from the end as A1111 counts: 1 is the one that the model was made
   * for, 2 the one before it. diffusers counts one less: its `clip_skip=1` is 2 here.
   */
  readonly clipSkip?: number;
  /**
   * Tokens of a caption that are read, a multiple of the 75 that CLIP reads at once. A model that reads another number at once reads
   * as many times its own.
   */
  readonly captionTokens?: CaptionTokens;
}

export const captionTokenChoices = [75, 150, 225] as const;
export type CaptionTokens = (typeof captionTokenChoices)[number];

/** What CLIP reads at once, its marks of begin and end not counted. */
const tokensAtOnce = 75;

/** Chunks that are read of a text at most. */
export const mostChunks = 3;

/** As many layers as the text encoders of SD 1.x have; smaller ones say so when they are opened. */
export const mostClipSkip = 12;

/** How a model's texts are read: which layer, and in how many chunks. */
export interface ReadingWay {
  readonly clipSkip: number;
  readonly chunks: number;
}

export function readingWay({ clipSkip = 1, captionTokens = tokensAtOnce }: CaptionReading): ReadingWay {
  return { clipSkip, chunks: captionTokens / tokensAtOnce };
}

/** What of it is not as usual, for jobs: they leave out what does nothing, so that those from before there was a choice are known again. */
export function chosenReading({
  clipSkip = 1,
  captionTokens = tokensAtOnce,
}: CaptionReading): CaptionReading {
  return { ...(clipSkip !== 1 && { clipSkip }), ...(captionTokens !== tokensAtOnce && { captionTokens }) };
}
