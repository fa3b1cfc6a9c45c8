/** Models that caption pictures, by how their files are laid out. */
export const captionerKinds = ['tagger', 'blip', 'vision-encoder-decoder', 'florence-2'] as const;
export type CaptionerKind = (typeof captionerKinds)[number];

/** What people call them. */
export const captionerKindLabels: Readonly<Record<CaptionerKind, string>> = {
  tagger: 'Tagger',
  blip: 'BLIP',
  'vision-encoder-decoder': 'Vision encoder and text decoder',
  'florence-2': 'Florence-2',
};

/** Whether it gives tags, with how sure it is of each, or sentences. */
export function writesTags(kind: CaptionerKind): boolean {
  return kind === 'tagger';
}

/** How long the sentences are that Florence-2 is asked for. */
export const captionDetails = ['short', 'detailed', 'more-detailed'] as const;
export type CaptionDetail = (typeof captionDetails)[number];

/** How a model's answers become captions. What is about tags leaves sentences as they are, and the other way round. */
export interface CaptioningOptions {
  /** Words that every caption begins with; empty for none. */
  readonly trigger: string;
  /** Tags from this probability on, from 0 to 1; characters have a bound of their own. */
  readonly generalThreshold: number;
  readonly characterThreshold: number;
  /** Whether `long_hair` stays as it is; faces such as `^_^` always do. */
  readonly underscores: boolean;
  readonly charactersFirst: boolean;
  /** Tags that are left out, in either spelling. */
  readonly exclude: readonly string[];
  /** Sentences followed at once, the best of which is taken; 1: word by word the likeliest. */
  readonly beams: number;
  /** Tokens that a sentence may have, which are words and parts of words. */
  readonly longest: number;
  readonly detail: CaptionDetail;
}

/** Thresholds as on the page that comes with the WD taggers; three beams as BLIP's and Florence-2's own examples have. */
export const usualCaptioning: CaptioningOptions = {
  trigger: '',
  generalThreshold: 0.35,
  characterThreshold: 0.85,
  underscores: false,
  charactersFirst: true,
  exclude: [],
  beams: 3,
  longest: 100,
  detail: 'detailed',
};
