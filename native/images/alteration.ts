import { createHash } from 'node:crypto';

import type { AugmentationSettings } from '../facts/augmentation.ts';
import { uniform } from '../random/philox.ts';
import type { ImageSize } from './decode.ts';

/** How one version of an image differs from it. */
export interface Alteration {
  /** How many times as large it is as it must be to cover the picture. */
  readonly zoom: number;
  /** How far the window moves from the middle at most, in its own sides. */
  readonly reach: number;
  /** How far of that, or to the image's edge if that is nearer, it moves: -1 to 1. */
  readonly right: number;
  readonly down: number;
  /** Degrees clockwise. */
  readonly rotation: number;
  /** Factors. */
  readonly brightness: number;
  readonly contrast: number;
  readonly saturation: number;
  /** Degrees. */
  readonly hue: number;
}

/** What the numbers of a version are drawn by, in this order: another one would change what old runs resume to. */
const drawn = ['zoom', 'right', 'down', 'rotation', 'brightness', 'contrast', 'saturation', 'hue'] as const;

/**
 * A version of an image, as seed, image and version have it.
 *
 * @param imageId unique in its data set, and the same in every run
 */
export function drawAlteration(
  settings: AugmentationSettings,
  seed: number,
  imageId: string,
  version: number,
): Alteration {
  const image = createHash('sha256').update(imageId).digest().readUInt32BE();
  const share = (name: (typeof drawn)[number]): number =>
    uniform(seed, 'alterations', version * drawn.length + drawn.indexOf(name), image);
  const around = (name: (typeof drawn)[number], most: number): number => (2 * share(name) - 1) * most;
  const { crop } = settings;
  return {
    zoom: 1 + crop * share('zoom'),
    reach: crop / 2,
    right: around('right', 1),
    down: around('down', 1),
    rotation: around('rotation', settings.rotation),
    brightness: 1 + around('brightness', settings.brightness),
    contrast: 1 + around('contrast', settings.contrast),
    saturation: 1 + around('saturation', settings.saturation),
    hue: around('hue', settings.hue),
  };
}

/** Where an altered picture lies in its image. In pixels of the scaled image. */
export interface PictureWindow {
  /** What the image is scaled to. */
  readonly scaled: ImageSize;
  /** The middle of the picture. */
  readonly middle: { readonly x: number; readonly y: number };
}

/** What a turned picture keeps of its image beyond its own corners, to be mixed of. */
const turnedMargin = 2;

/** The window of an altered picture: it never reaches beyond the image. */
export function windowOf(
  original: ImageSize,
  { width, height }: ImageSize,
  { zoom, reach, right, down, rotation }: Alteration,
): PictureWindow {
  const [across, along] = [Math.abs(Math.cos(radians(rotation))), Math.abs(Math.sin(radians(rotation)))];
  const margin = rotation === 0 ? 0 : 2 * turnedMargin;
  const covered = {
    width: width * across + height * along + margin,
    height: width * along + height * across + margin,
  };
  const scale = zoom * Math.max(covered.width / original.width, covered.height / original.height);
  const scaled = {
    width: Math.max(Math.ceil(covered.width), Math.round(original.width * scale)),
    height: Math.max(Math.ceil(covered.height), Math.round(original.height * scale)),
  };
  const moved = (side: 'width' | 'height', size: number, share: number): number =>
    scaled[side] / 2 + share * Math.min((scaled[side] - covered[side]) / 2, reach * size);
  return { scaled, middle: { x: moved('width', width, right), y: moved('height', height, down) } };
}

/** The left and top edge of a window, as if it were not turned. */
export function cornerOf(
  { scaled, middle }: PictureWindow,
  { width, height }: ImageSize,
): { readonly left: number; readonly top: number } {
  const within = (at: number, most: number): number => Math.min(Math.max(0, Math.round(at)), most);
  return {
    left: within(middle.x - width / 2, scaled.width - width),
    top: within(middle.y - height / 2, scaled.height - height),
  };
}

export const radians = (degrees: number): number => (degrees * Math.PI) / 180;

type Row = readonly [number, number, number];

/** What colours are multiplied by, and what is added then; null where they stay. Of bytes. */
export interface ColourChange {
  readonly matrix: readonly [Row, Row, Row];
  readonly added: number;
}

/**
 * Colours as the filters `saturate`, `hue-rotate`, `brightness` and `contrast` change them, one after the other (W3C Filter Effects
 * Module Level 1, section 9).
 */
export function colourChange({ brightness, contrast, saturation, hue }: Alteration): ColourChange | null {
  if (brightness === 1 && contrast === 1 && saturation === 1 && hue === 0) return null;
  const factor = brightness * contrast;
  const turned = product(hueRotation(radians(hue)), saturating(saturation));
  const matrix = turned.map((row) => row.map((value) => value * factor));
  return { matrix: matrix as unknown as ColourChange['matrix'], added: 127.5 * (1 - contrast) };
}

function saturating(s: number): readonly Row[] {
  return [
    [0.213 + 0.787 * s, 0.715 - 0.715 * s, 0.072 - 0.072 * s],
    [0.213 - 0.213 * s, 0.715 + 0.285 * s, 0.072 - 0.072 * s],
    [0.213 - 0.213 * s, 0.715 - 0.715 * s, 0.072 + 0.928 * s],
  ];
}

function hueRotation(angle: number): readonly Row[] {
  const [c, s] = [Math.cos(angle), Math.sin(angle)];
  return [
    [0.213 + c * 0.787 - s * 0.213, 0.715 - c * 0.715 - s * 0.715, 0.072 - c * 0.072 + s * 0.928],
    [0.213 - c * 0.213 + s * 0.143, 0.715 + c * 0.285 + s * 0.14, 0.072 - c * 0.072 - s * 0.283],
    [0.213 - c * 0.213 - s * 0.787, 0.715 - c * 0.715 + s * 0.715, 0.072 + c * 0.928 + s * 0.072],
  ];
}

function product(a: readonly Row[], b: readonly Row[]): readonly (readonly number[])[] {
  return a.map((row) => [0, 1, 2].map((column) => row.reduce((sum, v, k) => sum + v * b[k]![column]!, 0)));
}
