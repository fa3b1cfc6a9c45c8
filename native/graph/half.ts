/**
 * float32 to and from the two 16-bit floats, over whole arrays of raw bits. Rounding is to nearest, ties to even,
 * with subnormals, infinities and signed zeros kept; a NaN stays a NaN with its sign and upper payload bits.
 */

const bitsOfSmallestNormalHalf = 0x38800000; // 2^-14 as float32
const bitsOfHalfOverflow = 0x477ff000; // 65520, halfway between the largest half and the next power of two
const bitsOfInfinity = 0x7f800000;

/** Bits of one float32 (as an unsigned integer) to bits of the nearest float16. */
function halfBits(bits: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude >= bitsOfHalfOverflow) {
    if (magnitude <= bitsOfInfinity) return sign | 0x7c00;
    return sign | 0x7e00 | ((magnitude >>> 13) & 0x1ff);
  }
  if (magnitude >= bitsOfSmallestNormalHalf) {
    return sign | ((magnitude + 0xfff + ((magnitude >>> 13) & 1) - 0x38000000) >>> 13);
  }
  const shift = 126 - (magnitude >>> 23);
  if (shift > 24) return sign;
  const significand = (magnitude & 0x7fffff) | 0x800000;
  const quotient = significand >>> shift;
  const remainder = significand & ((1 << shift) - 1);
  const middle = 1 << (shift - 1);
  const up = remainder > middle || (remainder === middle && (quotient & 1) === 1);
  return sign | (quotient + (up ? 1 : 0));
}

/** Bits of one float16 to bits of the float32 of the same value. */
function floatBits(half: number): number {
  const sign = (half & 0x8000) << 16;
  const exponent = (half >>> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0x1f) return (sign | bitsOfInfinity | (fraction << 13)) >>> 0;
  if (exponent !== 0) return (sign | ((exponent + 112) << 23) | (fraction << 13)) >>> 0;
  if (fraction === 0) return sign >>> 0;
  const leading = 31 - Math.clz32(fraction);
  return (sign | ((leading + 103) << 23) | ((fraction << (23 - leading)) & 0x7fffff)) >>> 0;
}

let floatBitsOfHalf: Uint32Array | undefined;

/** Every float16's float32 bits: 256 KiB, made when first wanted. */
function table(): Uint32Array {
  floatBitsOfHalf ??= Uint32Array.from({ length: 0x10000 }, (_, half) => floatBits(half));
  return floatBitsOfHalf;
}

function bitsOf(values: Float32Array): Uint32Array {
  return new Uint32Array(values.buffer, values.byteOffset, values.length);
}

function checkLengths(source: ArrayLike<number>, target: ArrayLike<number>): void {
  if (target.length !== source.length)
    throw new RangeError(`${source.length} values do not fit ${target.length}`);
}

/** Rounds to float16 bits, into `target` where given. A magnitude of 65520 and more becomes infinite. */
export function float32ToFloat16(
  source: Float32Array,
  target: Uint16Array<ArrayBuffer> = new Uint16Array(source.length),
): Uint16Array<ArrayBuffer> {
  checkLengths(source, target);
  const bits = bitsOf(source);
  for (let i = 0; i < bits.length; i++) target[i] = halfBits(bits[i]!);
  return target;
}

/** Widens float16 bits, exactly. */
export function float16ToFloat32(
  source: Uint16Array,
  target: Float32Array<ArrayBuffer> = new Float32Array(source.length),
): Float32Array<ArrayBuffer> {
  checkLengths(source, target);
  const bits = bitsOf(target);
  const lookup = table();
  for (let i = 0; i < source.length; i++) bits[i] = lookup[source[i]!]!;
  return target;
}

/** Rounds to bfloat16 bits, into `target` where given. */
export function float32ToBfloat16(
  source: Float32Array,
  target: Uint16Array<ArrayBuffer> = new Uint16Array(source.length),
): Uint16Array<ArrayBuffer> {
  checkLengths(source, target);
  const bits = bitsOf(source);
  for (let i = 0; i < bits.length; i++) {
    const value = bits[i]!;
    const isNaN = (value & 0x7fffffff) > bitsOfInfinity;
    target[i] = isNaN ? (value >>> 16) | 0x40 : (value + 0x7fff + ((value >>> 16) & 1)) >>> 16;
  }
  return target;
}

/** Widens bfloat16 bits, exactly. */
export function bfloat16ToFloat32(
  source: Uint16Array,
  target: Float32Array<ArrayBuffer> = new Float32Array(source.length),
): Float32Array<ArrayBuffer> {
  checkLengths(source, target);
  const bits = bitsOf(target);
  for (let i = 0; i < source.length; i++) bits[i] = source[i]! << 16;
  return target;
}
