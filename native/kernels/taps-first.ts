import { elementCount } from '../graph/data-type.ts';

/** Of float32, or the bits of float16. */
export type LaidNumbers = Float32Array<ArrayBuffer> | Uint16Array<ArrayBuffer>;

/** Turned at a time, so that what is read and written stays in the processor's cache. */
const rowsAtATime = 512;

/**
 * The shape of a convolution's weight [o, c, kh, kw] with a matrix for each tap of the kernel, [kh·kw, o, c]. So it lies on
 * the device where convolutions are built of matrix products: turning it in every step, and its gradient back, took 0.03 of
 * the step.
 */
export function tapsFirstShape([o, c, kh, kw]: readonly number[]): readonly number[] {
  return [kh! * kw!, o!, c!];
}

/** The values of a weight of this shape, [o, c, kh, kw], with its taps first. */
export function toTapsFirst<W extends LaidNumbers>(shape: readonly number[], values: W): W {
  const [channels, taps] = extents(shape);
  return transposed(values, channels, taps);
}

/**
 * `toTapsFirst` of one weight after the other, each in the array it comes in. An array of its own for each would have to be given
 * pages by the system, which takes several times as long as turning it; so all go through one.
 */
export function createTurner(): <W extends LaidNumbers>(shape: readonly number[], values: W) => W {
  let room = new ArrayBuffer(0);
  return (shape, values) => {
    const [channels, taps] = extents(shape);
    if (taps === 1) return values;
    if (room.byteLength < values.byteLength) room = new ArrayBuffer(values.byteLength);
    const turned = new (arrayOf(values))(room, 0, values.length);
    transpose(values, channels, taps, turned);
    values.set(turned);
    return values;
  };
}

/** What `toTapsFirst` was given. */
export function fromTapsFirst<W extends LaidNumbers>(shape: readonly number[], values: W): W {
  const [channels, taps] = extents(shape);
  return transposed(values, taps, channels);
}

function transposed<W extends LaidNumbers>(values: W, rows: number, columns: number): W {
  const result = new (arrayOf(values))(new ArrayBuffer(values.byteLength));
  transpose(values, rows, columns, result);
  return result;
}

function transpose(values: LaidNumbers, rows: number, columns: number, result: LaidNumbers): void {
  for (let begin = 0; begin < rows; begin += rowsAtATime) {
    const end = Math.min(rows, begin + rowsAtATime);
    for (let column = 0; column < columns; column++)
      for (let row = begin; row < end; row++) result[column * rows + row] = values[row * columns + column]!;
  }
}

function arrayOf<W extends LaidNumbers>(values: W) {
  return values.constructor as new (buffer: ArrayBuffer, begin?: number, length?: number) => W;
}

function extents(shape: readonly number[]): readonly [channels: number, taps: number] {
  const channels = shape[0]! * shape[1]!;
  return [channels, elementCount(shape) / channels];
}
