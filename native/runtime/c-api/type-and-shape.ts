import { type DataType, onnxTypes } from '../../graph/data-type.ts';
import type { Ort, Pointer } from './library.ts';

const typeNames = new Map<number, DataType>(
  Object.entries(onnxTypes).map(([name, number]) => [number, name as DataType]),
);

/** What an `OrtTensorTypeAndShapeInfo` says; the type is `null` where it is none that Screenfold knows. */
export function typeAndShape(
  ort: Ort,
  tensorInfo: Pointer,
): { readonly type: DataType | null; readonly shape: readonly number[] } {
  const elementType = new Int32Array(1);
  ort.call('GetTensorElementType', tensorInfo, elementType);
  const rank = new BigUint64Array(1);
  ort.call('GetDimensionsCount', tensorInfo, rank);
  const extents = new BigInt64Array(Number(rank[0]));
  if (extents.length > 0) ort.call('GetDimensions', tensorInfo, extents, extents.length);
  return { type: typeNames.get(elementType[0]!) ?? null, shape: Array.from(extents, Number) };
}
