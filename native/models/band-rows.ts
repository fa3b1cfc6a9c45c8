import type { Layer, LayerStack } from './layer-stack.ts';

/** Channels, height, width. */
export type PictureShape = readonly [channels: number, height: number, width: number];

export interface BandPlan {
  /** The layers done in bands: from the first up to, not including, the second. */
  readonly from: number;
  readonly to: number;
  /** Heights of the bands that the first of them is given, from the top. */
  readonly heights: readonly number[];
}

/** In bytes. */
export interface BandSizes {
  /** Tensors up to this are made at once. */
  readonly whole: number;
  /** The most that a band of a larger one takes. */
  readonly band: number;
}

export function shapeAfter(layer: Layer, [channels, height, width]: PictureShape): PictureShape {
  switch (layer.kind) {
    case 'attention':
      return [channels, height, width];
    case 'upsample':
      return [channels, 2 * height, 2 * width];
    case 'downsample':
      return [channels, height / 2, width / 2];
    default:
      return [layer.channels, height, width];
  }
}

/**
 * Which layers are to be done in bands, those that are given or make a large tensor; null where none does. What looks at all
 * pixels at once is never among them.
 */
export function planBands(
  { layers }: LayerStack,
  input: PictureShape,
  { whole: largest, band }: BandSizes,
): BandPlan | null {
  const shapes = [input];
  for (const layer of layers) shapes.push(shapeAfter(layer, shapes.at(-1)!));
  const bytes = (i: number): number => 4 * shapes[i]!.reduce((product, extent) => product * extent, 1);
  const large = (i: number): boolean => Math.max(bytes(i), bytes(i + 1)) > largest;
  const [first, last] = [layers.findIndex((_, i) => large(i)), layers.findLastIndex((_, i) => large(i))];
  if (first < 0) return null;
  const whole = layers.findIndex(({ kind }) => kind === 'attention');
  const [from, to] =
    whole < first || whole > last
      ? [first, last + 1]
      : whole - first > last - whole
        ? [first, whole]
        : [whole + 1, last + 1];
  const [, height] = shapes[from]!;
  const inside = Array.from({ length: to - from + 1 }, (_, i) => from + i);
  const perRow = Math.max(...inside.map(bytes)) / height;
  // Every band must have whole rows wherever the picture is smallest.
  const unit = Math.max(1, height / Math.min(...inside.map((i) => shapes[i]![1])));
  const rows = Math.max(unit, Math.floor(band / perRow / unit) * unit);
  const count = Math.ceil(height / rows);
  if (count < 2) return null;
  const even = Math.ceil(height / count / unit) * unit;
  const heights = Array.from({ length: Math.ceil(height / even) }, (_, i) =>
    Math.min(even, height - i * even),
  );
  return { from, to, heights };
}
