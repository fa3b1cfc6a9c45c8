import { type DataArray, type DataType, onnxTypes } from '../../graph/data-type.ts';
import { checkData } from '../signature.ts';
import type { Ort, Pointer } from './library.ts';

/** Int64 extents, as C wants shapes. */
export function dimensions(shape: readonly number[]): BigInt64Array<ArrayBuffer> {
  return BigInt64Array.from(shape, BigInt);
}

/**
 * An `OrtValue` over `data` itself, nothing copied; it must be kept alive and not be transferred while the value
 * lives. Passing an array to C makes V8 move small ones, which begin on its own heap, to where they never move
 * again; from then on their address is good for as long as the array lives.
 */
export function valueOver(
  ort: Ort,
  hostMemory: Pointer,
  type: DataType,
  shape: readonly number[],
  data: DataArray,
): Pointer {
  checkData(type, shape, data);
  return ort.create(
    'Value',
    'CreateTensorWithDataAsOrtValue',
    hostMemory,
    data,
    data.byteLength,
    dimensions(shape),
    shape.length,
    onnxTypes[type],
  );
}
