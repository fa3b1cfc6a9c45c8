/** The 8-bit numbers of Dettmers et al. 2021, "8-bit Optimizers via Block-wise Quantization", section 2.2. */

/** Powers of ten that a map reaches down over. */
const exponents = 7;

/**
 * The 256 numbers of a dynamic map from least to greatest: of each power of ten twice as many as of the one below, evenly
 * between a tenth of it and all of it; 0; and 1. Signed: each of them but 0 and 1 negative as well, and half as many.
 */
export function dynamicMap(isSigned: boolean): Float32Array<ArrayBuffer> {
  const positive = Array.from({ length: exponents }, (_, i) => {
    const count = 2 ** (isSigned ? i : i + 1);
    return Array.from(
      { length: count },
      (__, k) => 10 ** (i - exponents + 1) * (0.1 + (0.9 * (k + 0.5)) / count),
    );
  }).flat();
  const numbers = [...positive, 0, 1, ...(isSigned ? positive.map((number) => -number) : [])];
  return Float32Array.from(numbers).sort();
}

/** What finds the place of the nearest number in a map from 0 to 1 without looking at all of them. */
export interface NearestTable {
  /** What a logarithm is multiplied by, and then added, to give the row, rounded down. */
  readonly scale: number;
  readonly offset: number;
  /** Numbers below this are taken for it. */
  readonly least: number;
  /** The place nearest to a row's least number. */
  readonly places: Int32Array<ArrayBuffer>;
  /** Above this the place is one further. */
  readonly middles: Float32Array<ArrayBuffer>;
}

/** Rows to a factor of e: as narrow as no row has two middles in it. */
const rowsPerFactor = 256;
const least = 1e-7;

const middlesOf = (map: ArrayLike<number>): readonly number[] =>
  Array.from({ length: map.length - 1 }, (_, i) => (map[i]! + map[i + 1]!) / 2);

/** `map`: from 0 to 1, ascending. */
export function nearestTable(map: ArrayLike<number>): NearestTable {
  const middles = middlesOf(map);
  // Half a row more, so that rounding takes the logarithm of `least` to no row below the first.
  const offset = -Math.log(least) * rowsPerFactor + 0.5;
  const count = Math.floor(offset) + 2;
  const begins = Array.from({ length: count }, (_, row) => Math.exp((row - offset) / rowsPerFactor));
  const places = begins.map((begin) => middles.filter((middle) => middle < begin).length);
  return {
    scale: rowsPerFactor,
    offset,
    least,
    places: Int32Array.from(places),
    middles: Float32Array.from(places, (place) => middles[place] ?? 2),
  };
}

/** The upper 16 bits of 2^-24, below which nothing is as near to another number as to 0, and of 1. */
const [firstRow, lastRow] = [103 * 128, 127 * 128];

/**
 * The same by the bits of a float32 from 0 to 1. Its upper 16 name a row, the first one for all that is less; its lower 16
 * added to the row's number and shifted by 16 give the place: above the row's middle, if it has one, they carry over.
 */
export function bitRows(map: ArrayLike<number>): Int32Array<ArrayBuffer> {
  const rows = new Int32Array(lastRow - firstRow + 1);
  const middles = new Int32Array(Float32Array.from(middlesOf(map)).buffer);
  for (const [i] of rows.entries()) {
    const begin = (firstRow + i) << 16;
    const place = middles.filter((middle) => middle < begin).length;
    const middle = middles.find((bits) => bits >>> 16 === firstRow + i);
    rows[i] = (place << 16) + (middle === undefined ? 0 : 0xffff - (middle & 0xffff));
  }
  return rows;
}
