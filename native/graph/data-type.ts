import { float32ToFloat16 } from './half.ts';

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

/** ONNX's numbers of the types: `TensorProto.DataType`, and `ONNXTensorElementDataType` in ONNX Runtime's C API. */
export const onnxTypes: Readonly<Record<DataType, number>> = {
  float32: 1,
  uint8: 2,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
};

interface ArrayOf<T extends DataType> {
  new (length: number): DataArrays[T];
  new (buffer: ArrayBuffer, byteOffset: number, length: number): DataArrays[T];
}

const arrays: { readonly [T in DataType]: ArrayOf<T> } = {
  float32: Float32Array,
  float16: Uint16Array,
  int64: BigInt64Array,
  int32: Int32Array,
  uint8: Uint8Array,
  bool: Uint8Array,
};

/** How sums of many elements are taken. */
export interface SumOptions {
  /**
   * The type they are accumulated in, before they are given back in their elements' own; left out, that type itself. Sums
   * of float16 lose their small elements beside a large one, and overflow at 65,520.
   */
  readonly accumulateIn?: DataType;
}

/** Zeros. */
export function allocate<T extends DataType>(type: T, length: number): DataArrays[T] {
  return new arrays[type](length);
}

/** So many elements at the beginning of a buffer, whatever they are. */
export function arrayOver<T extends DataType>(type: T, buffer: ArrayBuffer, length: number): DataArrays[T] {
  return new arrays[type](buffer, 0, length);
}

/** The numbers as a tensor of this type holds them, rounded where it must. */
export function fromNumbers<T extends DataType>(type: T, numbers: readonly number[]): DataArrays[T] {
  const array = allocate<DataType>(type, numbers.length);
  if (array instanceof BigInt64Array) numbers.forEach((number, i) => (array[i] = BigInt(number)));
  else if (type === 'float16')
    float32ToFloat16(Float32Array.from(numbers), array as Uint16Array<ArrayBuffer>);
  else array.set(numbers);
  return array as DataArrays[T];
}

/** Number of elements of a tensor of this shape; 1 for a scalar. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, extent) => product * extent, 1);
}

/** The arrays end to end. */
export function endToEnd(type: DataType, arrays: readonly DataArray[]): DataArray {
  const result = allocate(
    type,
    arrays.reduce((sum, { length }) => sum + length, 0),
  );
  let at = 0;
  for (const array of arrays) for (const value of array) result[at++] = value;
  return result;
}
