/** How images are altered while training: each is kept in a few versions, and one is drawn each time it is used. */
export interface AugmentationSettings {
  /** Versions of each image, the image as it is among them. */
  readonly variants: number;
  /** How much closer an image is cut, at most, and by half as much moved: a share of its side. */
  readonly crop: number;
  /** Degrees that it is turned at most, either way; no corner is left empty. */
  readonly rotation: number;
  /** How much brighter or darker at most: 0.1 is a tenth. So also contrast and saturation. */
  readonly brightness: number;
  readonly contrast: number;
  readonly saturation: number;
  /** Degrees that colours are turned at most, either way. */
  readonly hue: number;
}

export const usualAugmentation: AugmentationSettings = {
  variants: 4,
  crop: 0,
  rotation: 0,
  brightness: 0,
  contrast: 0,
  saturation: 0,
  hue: 0,
};

export const fewestVariants = 2;
export const mostVariants = 32;

/** The most that each may be. */
export const mostAltered = {
  crop: 0.5,
  rotation: 45,
  brightness: 0.5,
  contrast: 0.5,
  saturation: 1,
  hue: 180,
} as const satisfies Omit<AugmentationSettings, 'variants'>;

export type AlteredBy = keyof typeof mostAltered;
export const alteredBy = Object.keys(mostAltered) as readonly AlteredBy[];

/** Whether images are altered at all. */
export function isAugmented(settings: AugmentationSettings): boolean {
  return alteredBy.some((name) => settings[name] > 0);
}

/** How many versions of an image training draws from. */
export function versionsOf({
  augmentation,
  randomFlip,
}: {
  readonly augmentation?: AugmentationSettings | undefined;
  readonly randomFlip: boolean;
}): number {
  if (augmentation !== undefined && isAugmented(augmentation)) return augmentation.variants;
  return randomFlip ? 2 : 1;
}

/** In a line: `4 versions: crop 0.1, rotation 5°`. */
export function augmentationText(settings: AugmentationSettings): string {
  if (!isAugmented(settings)) return 'none';
  const unit = (name: AlteredBy): string => (name === 'rotation' || name === 'hue' ? '°' : '');
  const used = alteredBy.filter((name) => settings[name] > 0);
  return `${settings.variants} versions: ${used.map((name) => `${name} ${settings[name]}${unit(name)}`).join(', ')}`;
}
