/** Eight-bit samples, interleaved: `[height, width, channels]`. */
export interface Samples {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly data: Uint8Array;
}

export type ResampleFilter = 'nearest' | 'box' | 'bilinear' | 'bicubic' | 'lanczos';

interface Kernel {
  /** Half its width, in pixels of the smaller picture. */
  readonly support: number;
  readonly weigh: (x: number) => number;
}

const sinc = (x: number): number => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));

const kernels: Readonly<Record<Exclude<ResampleFilter, 'nearest'>, Kernel>> = {
  box: { support: 0.5, weigh: (x) => (x > -0.5 && x <= 0.5 ? 1 : 0) },
  bilinear: { support: 1, weigh: (x) => Math.max(0, 1 - Math.abs(x)) },
  bicubic: { support: 2, weigh: keys },
  lanczos: { support: 3, weigh: (x) => (x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0) },
};

/** Keys' cubic (1981) with a = -0.5, as Pillow has it; OpenCV's and PyTorch's a is -0.75. */
function keys(x: number): number {
  const at = Math.abs(x);
  if (at < 1) return (1.5 * at - 2.5) * at * at + 1;
  if (at < 2) return ((-0.5 * at + 2.5) * at - 4) * at + 2;
  return 0;
}

/** Weights are integers of so many bits after the point, and sums of them are rounded once: Pillow's arithmetic. */
const fractionBits = 22;

/**
 * Resizes as Pillow does, bit for bit: models have seen pictures resized by it, and one grey level matters to a tag that
 * is just at its threshold. Along rows and along columns, with eight bits in between, in the order that Pillow 13 has.
 */
export function resample(from: Samples, width: number, height: number, filter: ResampleFilter): Samples {
  if (filter === 'nearest') return nearest(from, width, height);
  const kernel = kernels[filter];
  const rows = (picture: Samples) => (width === picture.width ? picture : alongRows(picture, width, kernel));
  const columns = (picture: Samples) =>
    height === picture.height ? picture : alongColumns(picture, height, kernel);
  return losesMoreRows(from, width, height) ? rows(columns(from)) : columns(rows(from));
}

/** Found by trying: Pillow's own words for it are nowhere, and thousands of sizes agree. */
function losesMoreRows(from: Samples, width: number, height: number): boolean {
  const [columns, rows] = [from.width - width, from.height - height];
  return rows > 0 && rows > 2 * columns;
}

interface Taps {
  readonly first: number;
  readonly weights: Int32Array;
}

function tapsOf(from: number, to: number, { support, weigh }: Kernel): readonly Taps[] {
  const scale = from / to;
  const stretch = Math.max(1, scale);
  return Array.from({ length: to }, (_, at) => {
    const center = (at + 0.5) * scale;
    const first = Math.max(0, Math.trunc(center - support * stretch + 0.5));
    const end = Math.min(from, Math.trunc(center + support * stretch + 0.5));
    const inverse = 1 / stretch;
    const exact = Array.from({ length: end - first }, (_unused, x) =>
      weigh((x + first - center + 0.5) * inverse),
    );
    const sum = exact.reduce((total, weight) => total + weight, 0);
    return { first, weights: Int32Array.from(exact, (weight) => fixed(sum === 0 ? weight : weight / sum)) };
  });
}

function fixed(weight: number): number {
  return Math.trunc((weight < 0 ? -0.5 : 0.5) + weight * 2 ** fractionBits);
}

function eightBits(sum: number): number {
  return Math.min(255, Math.max(0, sum >> fractionBits));
}

const half = 1 << (fractionBits - 1);

function alongRows(
  { width: before, height, channels, data }: Samples,
  width: number,
  kernel: Kernel,
): Samples {
  const taps = tapsOf(before, width, kernel);
  const out = new Uint8Array(width * height * channels);
  for (let y = 0; y < height; y++) {
    const row = y * before * channels;
    for (const [x, { first, weights }] of taps.entries()) {
      for (let channel = 0; channel < channels; channel++) {
        let sum = half;
        let at = row + first * channels + channel;
        for (const weight of weights) {
          sum += data[at]! * weight;
          at += channels;
        }
        out[(y * width + x) * channels + channel] = eightBits(sum);
      }
    }
  }
  return { width, height, channels, data: out };
}

function alongColumns(
  { width, height: before, channels, data }: Samples,
  height: number,
  kernel: Kernel,
): Samples {
  const stride = width * channels;
  const out = new Uint8Array(stride * height);
  for (const [y, { first, weights }] of tapsOf(before, height, kernel).entries()) {
    for (let x = 0; x < stride; x++) {
      let sum = half;
      let at = first * stride + x;
      for (const weight of weights) {
        sum += data[at]! * weight;
        at += stride;
      }
      out[y * stride + x] = eightBits(sum);
    }
  }
  return { width, height, channels, data: out };
}

function nearest(
  { width: before, height: beforeHeight, channels, data }: Samples,
  width: number,
  height: number,
): Samples {
  const out = new Uint8Array(width * height * channels);
  for (let y = 0; y < height; y++) {
    const row = Math.floor(((y + 0.5) * beforeHeight) / height) * before;
    for (let x = 0; x < width; x++) {
      const at = (row + Math.floor(((x + 0.5) * before) / width)) * channels;
      out.set(data.subarray(at, at + channels), (y * width + x) * channels);
    }
  }
  return { width, height, channels, data: out };
}
