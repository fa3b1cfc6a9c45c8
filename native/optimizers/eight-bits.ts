import { elementCount } from '../graph/data-type.ts';
import type { Value } from '../graph/graph.ts';
import {
  abs,
  add,
  cast,
  div,
  greater,
  less,
  log,
  maximum,
  minimum,
  mul,
  sub,
  where,
} from '../graph/ops/elementwise.ts';
import { reduceMax } from '../graph/ops/reduce.ts';
import { gather, pad, reshape, slice } from '../graph/ops/shape.ts';
import { rememberedConstant, rememberedIndices } from '../graph/remembered.ts';
import { dynamicMap, nearestTable } from './dynamic-map.ts';

/** Numbers that share a scale. */
export const blockSize = 256;
/** Place of zero in the signed map. */
export const codeZero = 127;
const greatest = 255;
/** A block of zeros is divided by this. */
const smallestScale = 1e-37;

export const blockCount = (elements: number): number => Math.ceil(elements / blockSize);

/** What codes stand for. */
export const maps = { signed: dynamicMap(true), unsigned: dynamicMap(false) };
/** Of the signed map the numbers from zero on. */
export const magnitudes = { signed: maps.signed.filter((number) => number >= 0), unsigned: maps.unsigned };
const nearest = {
  signed: nearestTable(magnitudes.signed),
  unsigned: nearestTable(magnitudes.unsigned),
};

/** The numbers that codes, uint8 of any shape, stand for, flat; scales: [blocks]. */
export function numbersOf(codes: Value, scales: Value, isSigned: boolean): Value {
  const { graph } = codes;
  const count = elementCount(codes.shape);
  const which = isSigned ? 'signed' : 'unsigned';
  const map = rememberedConstant(graph, 'float32', ['8 bits', which], [256], () => maps[which]);
  const shares = gather(map, cast(reshape(codes, [count]), 'int32'), 0);
  return outOfBlocks(mul(inBlocks(shares), reshape(scales, [blockCount(count), 1])), count);
}

/** Flat numbers as uint8 codes, flat, and scales [blocks]. What is no number becomes zero. */
export function codesOf(
  numbers: Value,
  isSigned: boolean,
): { readonly codes: Value; readonly scales: Value } {
  const { graph } = numbers;
  const count = elementCount(numbers.shape);
  const blocks = inBlocks(numbers);
  const sizes = abs(blocks);
  const scales = reduceMax(sizes, [1]);
  const which = isSigned ? 'signed' : 'unsigned';
  const { scale, offset, least, places, middles } = nearest[which];
  const share = div(sizes, maximum(scales, smallestScale));
  // Not a maximum, which keeps what is no number: it would name a row that is not there.
  const bounded = minimum(where(greater(share, least), share, graph.scalar('float32', least)), 1);
  const row = cast(add(mul(log(bounded), scale), offset), 'int32');
  const key = ['places', which];
  const rowPlaces = rememberedIndices(graph, key, [places.length], () => places);
  const rowMiddles = rememberedConstant(graph, 'float32', key, [middles.length], () => middles);
  const isBeyond = greater(share, gather(rowMiddles, row, 0));
  const place = add(gather(rowPlaces, row, 0), cast(isBeyond, 'int32'));
  // There is no -1: what is greatest of a block and negative becomes the number beside it.
  const signed = (): Value => {
    const below = maximum(sub(codeZero, place), 0);
    return where(less(blocks, 0), below, minimum(add(place, codeZero), greatest));
  };
  return {
    codes: cast(wholeOutOfBlocks(isSigned ? signed() : place, count), 'uint8'),
    scales: reshape(scales, [blockCount(count)]),
  };
}

/** [n] -> [blocks, 256], the last of them filled up with zeros. */
function inBlocks(x: Value): Value {
  const count = elementCount(x.shape);
  const blocks = blockCount(count);
  const missing = blocks * blockSize - count;
  return reshape(missing > 0 ? pad(x, [0], [missing]) : x, [blocks, blockSize]);
}

/** The same of whole numbers below 2^24, which WebGPU cuts only as float32. */
function wholeOutOfBlocks(x: Value, count: number): Value {
  return elementCount(x.shape) === count ? outOfBlocks(x, count) : outOfBlocks(cast(x, 'float32'), count);
}

/** [blocks, 256] -> [n] */
function outOfBlocks(x: Value, count: number): Value {
  const flat = reshape(x, [elementCount(x.shape)]);
  return flat.shape[0] === count ? flat : slice(flat, [{ axis: 0, begin: 0, end: count }]);
}
