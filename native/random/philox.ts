import { type Stream, streams } from './streams.ts';

/**
 * Stateless random draws: each is a pure function of (seed, stream, step, index), so a run that was resumed draws
 * what an uninterrupted one would, whatever was drawn in between and in which order.
 *
 * `seed`: a non-negative integer that doubles hold exactly. `step`, `index`: integers in [0, 2^32); what they count is
 * the caller's (optimizer step and image in it, epoch and image, 0 and parameter …).
 */

/**
 * One block of Philox4x32-10: four 32-bit words from a 128-bit counter and a 64-bit key, written to `into[0..3]`.
 * Salmon, Moraes, Dror, Shaw: Parallel Random Numbers: As Easy as 1, 2, 3 (SC 2011), section 3.3.
 */
export function philox4x32(
  c0: number,
  c1: number,
  c2: number,
  c3: number,
  k0: number,
  k1: number,
  into: Uint32Array,
): void {
  for (let round = 0; round < 10; round++) {
    const high0 = multiplyHigh(0xd2511f53, c0);
    const low0 = Math.imul(0xd2511f53, c0);
    const high1 = multiplyHigh(0xcd9e8d57, c2);
    const low1 = Math.imul(0xcd9e8d57, c2);
    c0 = high1 ^ c1 ^ k0;
    c1 = low1;
    c2 = high0 ^ c3 ^ k1;
    c3 = low0;
    k0 = (k0 + 0x9e3779b9) | 0;
    k1 = (k1 + 0xbb67ae85) | 0;
  }
  into[0] = c0;
  into[1] = c1;
  into[2] = c2;
  into[3] = c3;
}

/** Upper 32 bits of the 64-bit product of two unsigned 32-bit numbers, as a signed integer. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const middle = Math.imul(aHigh, bLow) + (Math.imul(aLow, bLow) >>> 16);
  const carried = Math.imul(aLow, bHigh) + (middle & 0xffff);
  return (Math.imul(aHigh, bHigh) + (middle >>> 16) + (carried >>> 16)) | 0;
}

type Block = (block: number) => Uint32Array;

/** The words of one draw, four at a time; the array is the same one at every call. */
function blocks(seed: number, stream: Stream, step: number, index: number): Block {
  for (const [name, value, bound] of [
    ['seed', seed, 2 ** 53],
    ['step', step, 2 ** 32],
    ['index', index, 2 ** 32],
  ] as const) {
    if (!Number.isInteger(value) || value < 0 || value >= bound) {
      throw new RangeError(`The ${name} of a random draw is an integer in [0, ${bound}); this is ${value}`);
    }
  }
  const number = streams[stream];
  const low = seed >>> 0;
  const high = Math.floor(seed / 2 ** 32);
  const words = new Uint32Array(4);
  return (block) => {
    philox4x32(block, index, step, number, low, high, words);
    return words;
  };
}

/** A double in [0, 1) with 53 random bits out of two words. */
function unit(high: number, low: number): number {
  return ((high >>> 11) * 2 ** 32 + low) * 2 ** -53;
}

/** Fills `into` with float32 uniforms in [0, 1), multiples of 2^-24, and returns it. */
export function uniforms<A extends Float32Array>(
  seed: number,
  stream: Stream,
  step: number,
  index: number,
  into: A,
): A {
  const block = blocks(seed, stream, step, index);
  for (let i = 0; i < into.length; i += 4) {
    const words = block(i >>> 2);
    const end = Math.min(4, into.length - i);
    for (let j = 0; j < end; j++) into[i + j] = (words[j]! >>> 8) * 2 ** -24;
  }
  return into;
}

/** Fills `into` with float32 standard normals (Box-Muller, two to a pair of words) and returns it. */
export function normals<A extends Float32Array>(
  seed: number,
  stream: Stream,
  step: number,
  index: number,
  into: A,
): A {
  const block = blocks(seed, stream, step, index);
  for (let i = 0; i < into.length; i += 4) {
    const words = block(i >>> 2);
    for (let j = 0; j < 4; j += 2) {
      // The first uniform lies in (0, 1], where the logarithm is finite.
      const radius = Math.sqrt(-2 * Math.log((words[j]! + 1) * 2 ** -32));
      const theta = words[j + 1]! * (2 * Math.PI * 2 ** -32);
      // Writes past the end of a typed array are dropped.
      into[i + j] = radius * Math.cos(theta);
      into[i + j + 1] = radius * Math.sin(theta);
    }
  }
  return into;
}

/** One double in [0, 1). */
export function uniform(seed: number, stream: Stream, step: number, index: number): number {
  const words = blocks(seed, stream, step, index)(0);
  return unit(words[0]!, words[1]!);
}

/** One integer in [0, below), where `below` is at most 2^32; each is equally likely to within 2^-21. */
export function integer(seed: number, stream: Stream, step: number, index: number, below: number): number {
  return Math.floor(uniform(seed, stream, step, index) * below);
}

/** True with this probability: never at 0, always at 1. */
export function bernoulli(
  seed: number,
  stream: Stream,
  step: number,
  index: number,
  probability: number,
): boolean {
  return uniform(seed, stream, step, index) < probability;
}

/** The numbers 0 to `length - 1` in a random order (Fisher-Yates). */
export function permutation(
  seed: number,
  stream: Stream,
  step: number,
  length: number,
): Uint32Array<ArrayBuffer> {
  const block = blocks(seed, stream, step, 0);
  const order = Uint32Array.from({ length }, (_, i) => i);
  for (let last = length - 1; last > 0; last--) {
    const words = block(last);
    const other = Math.floor(unit(words[0]!, words[1]!) * (last + 1));
    const moved = order[last]!;
    order[last] = order[other]!;
    order[other] = moved;
  }
  return order;
}
