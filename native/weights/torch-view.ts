/** Tensors as PyTorch keeps them: views of storages, by offset and strides. */
import type { SafetensorsDtype } from './safetensors-header.ts';
import { tensorBytes } from './safetensors-header.ts';
import type { ReadRange } from './tensor-file.ts';
import type { PickledTensor } from './torch-pickle-values.ts';

/** Of types that take whole bytes, which PyTorch's all do. */
export function bytesPerElement(dtype: SafetensorsDtype): number {
  return tensorBytes(dtype, [1])!;
}

/** Elements that a view may show more often than its storage has them, as `expand` does. */
const mostRepeated = 1 << 24;

/** The part of a storage that a view looks at is read whole where it is not in order. */
const widestSpan = 2 ** 30;

/** Bytes from the first element of a view to the last, the last included; 0 for a view of nothing. */
function spanOf({ shape, strides, dtype }: PickledTensor): number {
  if (shape.includes(0)) return 0;
  const last = shape.reduce((sum, extent, axis) => sum + (extent - 1) * strides[axis]!, 0);
  return (last + 1) * bytesPerElement(dtype);
}

function isRowMajor({ shape, strides }: PickledTensor): boolean {
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1 && strides[axis] !== stride) return false;
    stride *= shape[axis]!;
  }
  return true;
}

/** What is wrong with a view of a storage of `storageBytes`, or null. */
export function viewProblem(tensor: PickledTensor, storageBytes: number): string | null {
  const { dtype, shape, offset } = tensor;
  const size = bytesPerElement(dtype);
  const bytes = tensorBytes(dtype, shape);
  if (bytes === null) return 'is larger than any file';
  if (bytes === 0) return null;
  const span = spanOf(tensor);
  if (!(offset * size + span <= storageBytes)) return 'looks beyond its storage';
  if (isRowMajor(tensor)) return null;
  if (bytes > storageBytes && bytes / size > mostRepeated)
    return 'repeats its storage more often than any weight';
  if (span > widestSpan) return 'is strewn over more than 1 GiB';
  return null;
}

type Elements = Uint8Array | Uint16Array | Uint32Array | BigUint64Array;

/** The bytes as elements of this size, whose numbers do not matter. */
function elements({ buffer, byteOffset, byteLength }: Uint8Array<ArrayBuffer>, size: number): Elements {
  if (size === 8) return new BigUint64Array(buffer, byteOffset, byteLength / 8);
  if (size === 4) return new Uint32Array(buffer, byteOffset, byteLength / 4);
  if (size === 2) return new Uint16Array(buffer, byteOffset, byteLength / 2);
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** Copies a view's elements from number `first` on, in row-major order, until `target` is full. */
function gather({ shape, strides }: PickledTensor, source: Elements, target: Elements, first: number): void {
  const inner = shape.length - 1;
  const place = new Array<number>(shape.length).fill(0);
  for (let axis = inner, rest = first; axis >= 0; axis--) {
    place[axis] = rest % shape[axis]!;
    rest = Math.floor(rest / shape[axis]!);
  }
  const step = strides[inner]!;
  let done = 0;
  while (done < target.length) {
    let from = place.reduce((sum, index, axis) => sum + index * strides[axis]!, 0);
    const run = Math.min(shape[inner]! - place[inner]!, target.length - done);
    for (const end = done + run; done < end; done++, from += step) target[done] = source[from]!;
    place[inner] = 0;
    for (let axis = inner - 1; axis >= 0; axis--) {
      place[axis] = place[axis]! + 1;
      if (place[axis]! < shape[axis]!) break;
      place[axis] = 0;
    }
  }
}

/** How a view's bytes are read in row-major order, given how its storage's are. */
export function viewRanges(tensor: PickledTensor, readStorage: ReadRange): ReadRange {
  const size = bytesPerElement(tensor.dtype);
  const start = tensor.offset * size;
  if (isRowMajor(tensor)) return (bytes, position) => readStorage(bytes, start + position);
  let span: Promise<Uint8Array<ArrayBuffer>> | undefined;
  const readSpan = async (): Promise<Uint8Array<ArrayBuffer>> => {
    const bytes = new Uint8Array(spanOf(tensor));
    await readStorage(bytes, start);
    return bytes;
  };
  return async (bytes, position) => {
    if (bytes.length === 0) return;
    span ??= readSpan();
    gather(tensor, elements(await span, size), elements(bytes, size), position / size);
  };
}
