/** Where masks come from that say which parts of an image are learned: files beside the images, or their transparency. */
export const maskSources = ['none', 'files', 'alpha'] as const;
export type MaskSource = (typeof maskSources)[number];

export interface MaskSettings {
  readonly source: MaskSource;
  /** What the parts count that a mask leaves out, beside 1 of those it shows. */
  readonly unmaskedWeight: number;
  /** Whether each image counts as much as one without a mask, however little its mask shows. */
  readonly normalize: boolean;
}

/** As OneTrainer has them. */
export const usualMasks: MaskSettings = { source: 'none', unmaskedWeight: 0.1, normalize: false };

export const maskSourceLabels: Readonly<Record<MaskSource, string>> = {
  none: 'None',
  files: 'Files beside images',
  alpha: 'Transparency',
};

/** In a line: `by files, the rest counts 0.1`. */
export function maskText({ source, unmaskedWeight, normalize }: MaskSettings): string {
  if (source === 'none') return 'none';
  const from = source === 'files' ? 'by files' : 'by transparency';
  return `${from}, the rest counts ${unmaskedWeight}${normalize ? ', normalised' : ''}`;
}

/** Where OneTrainer keeps the mask of an image: `fox-masklabel.png` beside `fox.jpg`. */
export function maskPathOf(imagePath: string): string {
  return `${imagePath.replace(/\.[^./\\]+$/, '')}-masklabel.png`;
}
