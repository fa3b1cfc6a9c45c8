import { type Raster } from './vary.ts';

/**
 * Ways of drawing that no set of emoji has, made of the sets' pictures: so that how a thing is drawn is more to the model than
 * the few hands it sees, and can be said.
 */

export type Treatment = (typeof treatmentNames)[number];
export const treatmentNames = [
  'outlined',
  'pale',
  'gray',
  'pixels',
  'watercolor',
  'circle',
  'backdrop',
] as const;

/** Colours of what lies behind a thing. */
export const backdropColors = {
  red: [214, 69, 65],
  orange: [240, 150, 50],
  yellow: [250, 205, 80],
  green: [76, 160, 90],
  teal: [40, 165, 160],
  blue: [60, 130, 210],
  purple: [130, 90, 180],
  pink: [240, 160, 190],
  gray: [150, 155, 160],
  black: [40, 42, 48],
} as const satisfies Record<string, readonly [number, number, number]>;
export type BackdropColor = keyof typeof backdropColors;

/** Of a thing drawn on white, the same in another way. */
export function treated(raster: Raster, treatment: Treatment, color: BackdropColor): Raster {
  switch (treatment) {
    case 'outlined':
      return outlined(raster);
    case 'pale':
      return mapped(raster, (channels) => channels.map((value) => 255 - 0.5 * (255 - value)));
    case 'gray':
      return mapped(raster, (channels) => {
        const light = lightOf(channels);
        return [light, light, light];
      });
    case 'pixels':
      return blocks(raster, 20);
    case 'watercolor':
      return watercolor(raster);
    case 'circle':
      return onColor(raster, backdropColors[color], true);
    case 'backdrop':
      return onColor(raster, backdropColors[color], false);
  }
}

type Channels = readonly [number, number, number];

const lightOf = ([r, g, b]: Channels): number => 0.299 * r + 0.587 * g + 0.114 * b;

function mapped({ rgb, edge }: Raster, change: (channels: Channels) => readonly number[]): Raster {
  const result = new Uint8Array(rgb.length);
  for (let i = 0; i < rgb.length; i += 3)
    result.set(change([rgb[i]!, rgb[i + 1]!, rgb[i + 2]!]).map(Math.round), i);
  return { rgb: result, edge };
}

/** Dark lines where the picture's colours change, thick where they change much; what is between is a little flatter. */
function outlined({ rgb, edge }: Raster): Raster {
  const reach = Math.max(1, Math.round(edge / 64));
  const result = Uint8Array.from(rgb);
  const at = (x: number, y: number, c: number): number =>
    rgb[3 * (Math.min(edge - 1, Math.max(0, y)) * edge + Math.min(edge - 1, Math.max(0, x))) + c]!;
  for (let y = 0; y < edge; y++) {
    for (let x = 0; x < edge; x++) {
      let steep = 0;
      for (let c = 0; c < 3; c++)
        for (const far of [reach, 2 * reach])
          steep = Math.max(
            steep,
            Math.abs(at(x - far, y, c) - at(x + far, y, c)),
            Math.abs(at(x, y - far, c) - at(x, y + far, c)),
          );
      const ink = Math.min(1, Math.max(0, (steep - 40) / 70));
      for (let c = 0; c < 3; c++) {
        const i = 3 * (y * edge + x) + c;
        result[i] = Math.round(rgb[i]! * (1 - ink) + 30 * ink);
      }
    }
  }
  return { rgb: result, edge };
}

/** Means over blocks, `count` of them across. */
function blocks({ rgb, edge }: Raster, count: number): Raster {
  const sums = new Float64Array(3 * count * count);
  const counts = new Float64Array(count * count);
  const blockOf = (i: number): number =>
    Math.floor((Math.floor(i / edge) * count) / edge) * count + Math.floor(((i % edge) * count) / edge);
  for (let i = 0; i < edge * edge; i++) {
    counts[blockOf(i)]! += 1;
    for (let c = 0; c < 3; c++) sums[3 * blockOf(i) + c]! += rgb[3 * i + c]!;
  }
  const result = new Uint8Array(rgb.length);
  for (let i = 0; i < edge * edge; i++)
    for (let c = 0; c < 3; c++)
      result[3 * i + c] = Math.round(sums[3 * blockOf(i) + c]! / counts[blockOf(i)]!);
  return { rgb: result, edge };
}

/** Lighter, without hard edges, on paper that is not quite white. */
function watercolor({ rgb, edge }: Raster): Raster {
  const radius = Math.max(1, Math.round(edge / 40));
  let planes = [0, 1, 2].map((c) => Float64Array.from({ length: edge * edge }, (_, i) => rgb[3 * i + c]!));
  for (let pass = 0; pass < 2; pass++) planes = planes.map((plane) => boxed(plane, edge, radius));
  const paper = [252, 248, 238];
  const result = new Uint8Array(rgb.length);
  for (let i = 0; i < edge * edge; i++)
    for (let c = 0; c < 3; c++)
      result[3 * i + c] = Math.round((paper[c]! * (255 - 0.8 * (255 - planes[c]![i]!))) / 255);
  return { rgb: result, edge };
}

/** Mean over a square, what is beyond the border taken as its nearest pixel. */
function boxed(plane: Float64Array, edge: number, radius: number): Float64Array<ArrayBuffer> {
  const along = (source: Float64Array, step: number, line: number): Float64Array<ArrayBuffer> => {
    const result = new Float64Array(source.length);
    for (let k = 0; k < edge; k++)
      for (let i = 0; i < edge; i++) {
        let sum = 0;
        for (let d = -radius; d <= radius; d++)
          sum += source[k * line + Math.min(edge - 1, Math.max(0, i + d)) * step]!;
        result[k * line + i * step] = sum / (2 * radius + 1);
      }
    return result;
  };
  return along(along(plane, 1, edge), edge, 1);
}

/**
 * The thing smaller, before a disc of the colour or a whole square of it. White that reaches the border becomes the colour; as
 * paper fades into a thing, so does the colour.
 */
function onColor({ rgb, edge }: Raster, color: Channels, disc: boolean): Raster {
  const zoom = disc ? 1.75 : 1.25;
  const outside = paperAround(rgb, edge);
  const result = new Uint8Array(rgb.length);
  for (let y = 0; y < edge; y++) {
    for (let x = 0; x < edge; x++) {
      const [u, v] = [(x + 0.5) / edge - 0.5, (y + 0.5) / edge - 0.5];
      const [column, row] = [Math.floor((u * zoom + 0.5) * edge), Math.floor((v * zoom + 0.5) * edge)];
      const inside = column >= 0 && row >= 0 && column < edge && row < edge;
      const source = inside ? row * edge + column : -1;
      const shown = source < 0 ? 0 : 1 - outside[source]!;
      // One pixel of the border between disc and paper is of both.
      const cover = disc ? Math.min(1, Math.max(0, (0.485 - Math.hypot(u, v)) * edge + 0.5)) : 1;
      for (let c = 0; c < 3; c++) {
        const behind = cover * color[c]! + (1 - cover) * 255;
        const before = source < 0 ? 255 : rgb[3 * source + c]!;
        result[3 * (y * edge + x) + c] = Math.round(shown * before + (1 - shown) * behind);
      }
    }
  }
  return { rgb: result, edge };
}

/** 1 where there is paper that reaches the border, less where it fades into what is drawn. */
function paperAround(rgb: Uint8Array, edge: number): Float64Array {
  const share = new Float64Array(edge * edge);
  const seen = new Uint8Array(edge * edge);
  const open: number[] = [];
  const visit = (x: number, y: number): void => {
    const i = y * edge + x;
    if (x < 0 || y < 0 || x >= edge || y >= edge || seen[i] === 1) return;
    seen[i] = 1;
    const lowest = Math.min(rgb[3 * i]!, rgb[3 * i + 1]!, rgb[3 * i + 2]!);
    share[i] = Math.min(1, Math.max(0, (lowest - 190) / 60));
    if (lowest >= 235) open.push(i);
  };
  for (let k = 0; k < edge; k++) {
    visit(k, 0);
    visit(k, edge - 1);
    visit(0, k);
    visit(edge - 1, k);
  }
  for (let i = open.pop(); i !== undefined; i = open.pop()) {
    const [x, y] = [i % edge, Math.floor(i / edge)];
    visit(x + 1, y);
    visit(x - 1, y);
    visit(x, y + 1);
    visit(x, y - 1);
  }
  return share;
}
