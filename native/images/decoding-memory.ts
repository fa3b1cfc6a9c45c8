import type { Metadata } from 'sharp';

/** About 16k x 16k, as libvips' own default. A file can claim any size; this bounds what is allocated for it. */
const mostPixels = 0x3fff * 0x3fff;
/** libvips works line by line, so that a few long lines cost more than many short ones. */
const longestSide = 0x7fff;
/** What decoding one picture may hold at once. */
const mostBytes = 2 ** 30;
/** What all pictures that are being decoded may hold together; a larger one is decoded by itself. */
const budget = 2 ** 29;

/** @throws Error in words for a person, where a picture of this size is not read */
export function requireReadableSize(width: number, height: number): void {
  if (width > longestSide || height > longestSide) {
    throw new TooLarge(`it is ${width} x ${height} pixels, and a side may have ${longestSide}`);
  }
  if (width * height > mostPixels) {
    throw new TooLarge(
      `it is ${width} x ${height} pixels, ${Math.round((width * height) / 1e6)} million, and ${Math.floor(mostPixels / 1e6)} million are read`,
    );
  }
}

/**
 * Bytes that decoding holds at once: the whole picture, unless its format comes line by line.
 * @throws Error in words for a person, where that is too much
 */
export function decodingBytes({ width, height, channels, depth, format, isProgressive }: Metadata): number {
  requireReadableSize(width, height);
  const lineByLine = !isProgressive && (format === 'png' || format === 'jpeg');
  const whole = width * height * channels * (bytesOf[depth] ?? 1);
  const bytes = lineByLine ? Math.min(whole, lines * width * channels * (bytesOf[depth] ?? 1)) : whole;
  if (bytes > mostBytes) {
    throw new TooLarge(
      `it would take ${(bytes / 1e9).toFixed(1)} GB of memory, and ${(mostBytes / 1e9).toFixed(1)} GB are allowed`,
    );
  }
  return bytes;
}

/** A picture that is whole and yet not read, because of its size. */
export class TooLarge extends Error {}

/** libvips keeps some hundred lines of what it reads line by line. */
const lines = 1024;
const bytesOf: Readonly<Record<string, number>> = {
  ushort: 2,
  short: 2,
  int: 4,
  uint: 4,
  float: 4,
  double: 8,
};

let held = 0;
const waiting: { readonly bytes: number; readonly start: () => void }[] = [];

/** Does work that holds so many bytes once there is room beside what else is being decoded, first come, first served. */
export async function withinBudget<T>(bytes: number, work: () => Promise<T>): Promise<T> {
  const fits = held === 0 || held + bytes <= budget;
  if (fits && waiting.length === 0) held += bytes;
  else {
    await new Promise<void>((resolve) => {
      waiting.push({ bytes, start: resolve });
    });
  }
  try {
    return await work();
  } finally {
    held -= bytes;
    for (let next = waiting[0]; next !== undefined; next = waiting[0]) {
      if (held > 0 && held + next.bytes > budget) break;
      waiting.shift();
      held += next.bytes;
      next.start();
    }
  }
}
