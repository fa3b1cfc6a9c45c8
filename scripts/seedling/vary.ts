/**
 * Other pictures of the same things: bent, turned, moved, and shaded as if they were solid. A model that has seen one
 * picture for each name learns names by heart, and then holds on to that picture whatever it is finetuned on.
 */

/** Interleaved RGB bytes of a square on white. */
export interface Raster {
  readonly rgb: Uint8Array;
  readonly edge: number;
}

/** Samples of the source in a pixel, across and down. */
const samples = 3;

/**
 * A picture turned, stretched, moved and bent a little, at another size.
 * @param draws nine uniform numbers in [0, 1) that say how
 */
export function bent({ rgb, edge }: Raster, size: number, draws: ArrayLike<number>): Raster {
  const between = (k: number, low: number, high: number): number => low + (high - low) * draws[k]!;
  const angle = between(0, -0.17, 0.17);
  const [zoom, stretch] = [between(1, 0.97, 1.16), between(2, 0.93, 1.07)];
  const [right, down] = [between(3, -0.06, 0.06), between(4, -0.06, 0.06)];
  const [depthX, depthY] = [between(5, -0.06, 0.06), between(6, -0.06, 0.06)];
  const [phaseX, phaseY] = [between(7, 0, 2 * Math.PI), between(8, 0, 2 * Math.PI)];
  const [cos, sin] = [Math.cos(angle) * zoom, Math.sin(angle) * zoom];
  const result = new Uint8Array(3 * size * size);
  const sums = new Float64Array(3);
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      sums.fill(0);
      for (let k = 0; k < samples ** 2; k++) {
        // From -1 to 1 over the picture.
        const u = (2 * (x + ((k % samples) + 0.5) / samples)) / size - 1;
        const v = (2 * (y + (Math.floor(k / samples) + 0.5) / samples)) / size - 1;
        const bentU = u + depthX * Math.sin(2.5 * v + phaseX) - right;
        const bentV = v + depthY * Math.sin(2.5 * u + phaseY) - down;
        const column = Math.floor((((cos * bentU - sin * bentV) * stretch + 1) / 2) * edge);
        const row = Math.floor((((sin * bentU + cos * bentV) / stretch + 1) / 2) * edge);
        const inside = column >= 0 && column < edge && row >= 0 && row < edge;
        for (let c = 0; c < 3; c++) sums[c]! += inside ? rgb[3 * (row * edge + column) + c]! : 255;
      }
      for (let c = 0; c < 3; c++) result[3 * (y * size + x) + c] = Math.round(sums[c]! / samples ** 2);
    }
  }
  return { rgb: result, edge: size };
}

/** Where light comes from, towards the upper left and the beholder. */
const light = unit([-0.45, -0.65, 0.62]);
/** A pixel lighter than this is paper where paper reaches the border. */
const paper = 247;

/**
 * A picture shaded as if what is drawn were puffed up and glossy: darker on the side away from the light, with a soft
 * highlight on the other.
 */
export function glossy({ rgb, edge }: Raster): Raster {
  const height = puffed(drawn(rgb, edge), edge);
  const at = (x: number, y: number): number =>
    height[Math.min(edge - 1, Math.max(0, y)) * edge + Math.min(edge - 1, Math.max(0, x))]!;
  const half = unit([light[0], light[1], light[2] + 1]);
  const result = Uint8Array.from(rgb);
  for (let y = 0; y < edge; y++) {
    for (let x = 0; x < edge; x++) {
      const i = y * edge + x;
      if (height[i] === 0) continue;
      const steep = 0.35 * edge;
      const normal = unit([(at(x - 1, y) - at(x + 1, y)) * steep, (at(x, y - 1) - at(x, y + 1)) * steep, 1]);
      const lit = 0.62 + 0.6 * dot(normal, light);
      const shine = 0.55 * Math.max(0, dot(normal, half)) ** 24 * (1 - normal[2] ** 8);
      for (let c = 0; c < 3; c++) {
        const value = Math.min(255, rgb[3 * i + c]! * lit);
        result[3 * i + c] = Math.round(value + (255 - value) * shine);
      }
    }
  }
  return { rgb: result, edge };
}

/** 1 where there is no paper that reaches the border. */
function drawn(rgb: Uint8Array, edge: number): Uint8Array {
  const mask = new Uint8Array(edge * edge).fill(1);
  const open: number[] = [];
  const visit = (x: number, y: number): void => {
    const i = y * edge + x;
    if (x < 0 || y < 0 || x >= edge || y >= edge || mask[i] === 0) return;
    if (Math.min(rgb[3 * i]!, rgb[3 * i + 1]!, rgb[3 * i + 2]!) < paper) return;
    mask[i] = 0;
    open.push(i);
  };
  for (let k = 0; k < edge; k++) {
    for (const [x, y] of [
      [k, 0],
      [k, edge - 1],
      [0, k],
      [edge - 1, k],
    ] as const)
      visit(x, y);
  }
  for (let i = open.pop(); i !== undefined; i = open.pop()) {
    const [x, y] = [i % edge, Math.floor(i / edge)];
    for (const [nextX, nextY] of [
      [x - 1, y],
      [x + 1, y],
      [x, y - 1],
      [x, y + 1],
    ] as const)
      visit(nextX, nextY);
  }
  return mask;
}

/** A height over the mask that rises from its border, in edges of the picture: the root of means near and farther. */
function puffed(mask: Uint8Array, edge: number): Float64Array {
  const sums = new Float64Array(edge * edge);
  for (const share of [0.04, 0.1, 0.2]) {
    let plane = Float64Array.from(mask);
    // Three box means make nearly a normal one.
    for (let k = 0; k < 3; k++) plane = boxMean(plane, edge, Math.max(1, Math.round((share * edge) / 2)));
    for (let i = 0; i < sums.length; i++) sums[i]! += plane[i]! / 3;
  }
  return sums.map((value, i) => (mask[i] === 0 ? 0 : 0.3 * Math.sqrt(Math.max(1e-3, 2 * value - 1))));
}

function boxMean(plane: Float64Array, edge: number, radius: number): Float64Array<ArrayBuffer> {
  const pass = (source: Float64Array, step: number, line: number): Float64Array<ArrayBuffer> => {
    const result = new Float64Array(source.length);
    for (let k = 0; k < edge; k++) {
      let sum = 0;
      for (let i = -radius; i < edge; i++) {
        if (i + radius < edge) sum += source[k * line + (i + radius) * step]!;
        if (i - radius - 1 >= 0) sum -= source[k * line + (i - radius - 1) * step]!;
        if (i >= 0) result[k * line + i * step] = sum / (2 * radius + 1);
      }
    }
    return result;
  };
  return pass(pass(plane, 1, edge), edge, 1);
}

type Vector = readonly [number, number, number];

function unit([x, y, z]: Vector): Vector {
  const length = Math.hypot(x, y, z);
  return [x / length, y / length, z / length];
}

function dot(a: Vector, b: Vector): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}
