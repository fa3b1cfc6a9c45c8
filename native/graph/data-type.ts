/** Element types of tensors in graphs and sessions, in ONNX's spelling. */
export type DataType = 'float32' | 'float16' | 'int64' | 'int32' | 'uint8' | 'bool';

/** What JavaScript holds the elements of each type in; float16 as raw bits, bool as bytes 0 and 1. */
export interface DataArrays {
  float32: Float32Array<ArrayBuffer>;
  float16: Uint16Array<ArrayBuffer>;
  int64: BigInt64Array<ArrayBuffer>;
  int32: Int32Array<ArrayBuffer>;
  uint8: Uint8Array<ArrayBuffer>;
  bool: Uint8Array<ArrayBuffer>;
}

export type DataArray = DataArrays[DataType];

/** Bytes of one element. */
export const bytesPerElement: Readonly<Record<DataType, number>> = {
  float32: 4,
  float16: 2,
  int64: 8,
  int32: 4,
  uint8: 1,
  bool: 1,
};

const arrays: { readonly [T in DataType]: new (length: number) => DataArrays[T] } = {
  float32: Float32Array,
  float16: Uint16Array,
  int64: BigInt64Array,
  int32: Int32Array,
  uint8: Uint8Array,
  bool: Uint8Array,
};

/** Zeros. */
export function allocate<T extends DataType>(type: T, length: number): DataArrays[T] {
  return new arrays[type](length);
}

/** Number of elements of a tensor of this shape; 1 for a scalar. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, extent) => product * extent, 1);
}

/** The array so many times end to end. */
export function repeated(type: DataType, array: DataArray, times: number): DataArray {
  const result = allocate(type, array.length * times);
  for (let i = 0; i < result.length; i++) result[i] = array[i % array.length]!;
  return result;
}
