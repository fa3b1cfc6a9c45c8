import type { SmallPicture } from '../../../native/images/decode.ts';

const columns = 9;
const rows = 8;
/** Difference of luma that is seen, of 255,000. */
const clearly = 2000;
/** Of the average colours that follow the bits. */
const colorBytes = 12;
/** Of a hash: 8 of bits, 12 of colours. */
const hashBytes = 8 + colorBytes;

/**
 * What a picture looks like, in 20 bytes. The first 8 are the difference hash (N. Krawetz, "Kind of Like That", 2013): the
 * picture's luma averaged to 9 x 8 cells, a bit for each cell clearly brighter than its right neighbour; flat grounds, where compression
 * alone decides which is brighter, give none. It sees shapes and not colours, so the average sRGB colours of the picture's quarters follow, three bytes each. What is transparent is taken
 * for white.
 */
export function perceptualHash(picture: SmallPicture): Uint8Array {
  const hash = new Uint8Array(hashBytes);
  const cells = averages(picture, columns, rows);
  let bit = 0;
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < columns - 1; x++, bit++) {
      const cell = y * columns + x;
      if (luma(cells, cell) > luma(cells, cell + 1) + clearly) hash[bit >> 3]! |= 0x80 >> (bit & 7);
    }
  }
  hash.set(quarters(cells), 8);
  return hash;
}

/** RGB of the quarters; the middle column belongs to both sides. */
function quarters(cells: Uint8ClampedArray): Uint8ClampedArray {
  const result = new Uint8ClampedArray(colorBytes);
  for (let quarter = 0; quarter < 4; quarter++) {
    for (let channel = 0; channel < 3; channel++) {
      let sum = 0;
      for (let y = 0; y < 4; y++) {
        for (let x = 0; x < 5; x++) {
          const cell = ((quarter >> 1) * 4 + y) * columns + (quarter & 1) * 4 + x;
          sum += cells[3 * cell + channel]!;
        }
      }
      result[3 * quarter + channel] = sum / 20;
    }
  }
  return result;
}

/** The largest difference between two hashes' average colours, 0 to 255. */
export function colorDifference(a: Uint8Array, b: Uint8Array): number {
  let largest = 0;
  for (let at = 8; at < hashBytes; at++) largest = Math.max(largest, Math.abs(a[at]! - b[at]!));
  return largest;
}

/** ITU-R BT.601, in whole numbers so that every machine agrees. */
function luma(cells: Uint8ClampedArray, cell: number): number {
  return 299 * cells[3 * cell]! + 587 * cells[3 * cell + 1]! + 114 * cells[3 * cell + 2]!;
}

/** RGB of each cell, the mean of every other pixel both ways; a picture of fewer pixels than cells repeats them. */
function averages(picture: SmallPicture, across: number, down: number): Uint8ClampedArray {
  const { pixels, width, height, channels } = picture;
  const result = new Uint8ClampedArray(3 * across * down);
  const step = 2 * channels;
  for (let cell = 0; cell < across * down; cell++) {
    const cellX = cell % across;
    const cellY = (cell - cellX) / across;
    const top = Math.floor((cellY * height) / down);
    const bottom = Math.max(top + 1, Math.floor(((cellY + 1) * height) / down));
    const left = Math.floor((cellX * width) / across);
    const right = Math.max(left + 1, Math.floor(((cellX + 1) * width) / across));
    let red = 0;
    let green = 0;
    let blue = 0;
    let weight = 0;
    for (let y = top; y < bottom; y += 2) {
      const end = (y * width + right) * channels;
      for (let at = (y * width + left) * channels; at < end; at += step) {
        const alpha = channels === 4 ? pixels[at + 3]! : 255;
        const white = 255 * (255 - alpha);
        red += pixels[at]! * alpha + white;
        green += pixels[at + 1]! * alpha + white;
        blue += pixels[at + 2]! * alpha + white;
        weight += 255;
      }
    }
    result[3 * cell] = red / weight;
    result[3 * cell + 1] = green / weight;
    result[3 * cell + 2] = blue / weight;
  }
  return result;
}
