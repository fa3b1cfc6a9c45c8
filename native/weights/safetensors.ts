/**
 * safetensors files (https://github.com/huggingface/safetensors, format of version 0.8): read by ranges and written
 * as a stream, so neither side ever holds a whole model. Assumes a little-endian machine, as the format does.
 */
import { createHash } from 'node:crypto';

import { Failure } from '../failure.ts';
import { writeFileAtomic } from '../files/atomic-file.ts';
import { openForReading, readFully } from '../files/file-ranges.ts';
import { float32ToBfloat16, float32ToFloat16 } from '../graph/half.ts';
import type { SafetensorsDtype, TensorEntry } from './safetensors-header.ts';
import {
  compareTensors,
  maxHeaderBytes,
  parseHeader,
  serializeHeader,
  tensorBytes,
} from './safetensors-header.ts';
import type { TensorFile } from './tensor-file.ts';
import { chunkBytes, tensorReads } from './tensor-file.ts';

export type { SafetensorsDtype, TensorEntry } from './safetensors-header.ts';

type Bytes = Uint8Array<ArrayBuffer>;

export interface SafetensorsFile extends TensorFile {
  readonly tensors: ReadonlyMap<string, TensorEntry>;
}

function truncated(path: string, bytes?: number): Failure {
  const what = bytes === 0 ? 'is empty' : 'is cut short';
  return new Failure('safetensors-truncated', `${path} ${what}`, 'Copy or download the file again.');
}

/**
 * Opens a file and reads its header alone.
 *
 * @throws Failure `file-unreadable`, `safetensors-truncated`, `safetensors-header`
 */
export async function openSafetensors(path: string): Promise<SafetensorsFile> {
  const file = await openForReading(path);
  const readAt = (bytes: Bytes, position: number): Promise<void> =>
    readFully(file, bytes, position, () => truncated(path));
  try {
    const stats = await file.stat();
    if (!stats.isFile()) {
      const what = stats.isDirectory() ? 'a folder, not a file' : 'no file, but a device or a pipe';
      throw new Failure(
        'file-unreadable',
        `${path} is ${what}`,
        'Choose a .safetensors file, or put the file that belongs there in its place.',
      );
    }
    if (stats.size < 8) throw truncated(path, stats.size);
    const prefix = new DataView(new ArrayBuffer(8));
    await readAt(new Uint8Array(prefix.buffer), 0);
    const length = prefix.getBigUint64(0, true);
    if (length > BigInt(maxHeaderBytes)) {
      throw new Failure(
        'safetensors-header',
        `${path} is not a valid safetensors file: it claims a header of ${length.toString()} bytes`,
        'It is damaged, or of another format: get it again, or convert it to safetensors first.',
      );
    }
    const dataStart = 8 + Number(length);
    if (dataStart > stats.size) throw truncated(path);
    const headerBytes = new Uint8Array(Number(length));
    await readAt(headerBytes, 8);
    const { tensors, metadata } = parseHeader(headerBytes, stats.size - dataStart, path);
    const reads = tensorReads({
      name: 'safetensors',
      path,
      tensors,
      byteLength: ({ begin, end }) => end - begin,
      ranges:
        ({ begin }) =>
        (bytes, position) =>
          readAt(bytes, dataStart + begin + position),
    });
    return { path, tensors, metadata, ...reads, close: () => file.close() };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/**
 * What a tensor to be written holds. A `Float32Array` is numbers, rounded to the tensor's type where that is F16 or
 * BF16; any other array is the tensor's bytes as they will be in the file.
 */
export type TensorData = ArrayBufferView<ArrayBuffer>;

export interface TensorToWrite {
  readonly name: string;
  readonly dtype: SafetensorsDtype;
  readonly shape: readonly number[];
  /** A function is called when the tensor's turn has come, and what it gives is let go after. */
  readonly data: TensorData | (() => TensorData | Promise<TensorData>);
}

function* encode(tensor: TensorToWrite, data: TensorData): Generator<Bytes> {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const elements = tensor.shape.reduce((product, extent) => product * extent, 1);
  const convert =
    tensor.dtype === 'F16' ? float32ToFloat16 : tensor.dtype === 'BF16' ? float32ToBfloat16 : undefined;
  if (data instanceof Float32Array && data.length === elements && convert !== undefined) {
    const step = chunkBytes / 4;
    for (let at = 0; at < elements; at += step) {
      yield new Uint8Array(convert(data.subarray(at, at + step)).buffer);
    }
    return;
  }
  const numbersForOtherType = data instanceof Float32Array && tensor.dtype !== 'F32';
  if (numbersForOtherType || bytes.length !== tensorBytes(tensor.dtype, tensor.shape)) {
    throw new Error(
      `The data of ${tensor.name} is no ${tensor.dtype} tensor of shape [${tensor.shape.join(', ')}]`,
    );
  }
  yield bytes;
}

async function* encodeAll(sorted: readonly TensorToWrite[]): AsyncGenerator<Bytes> {
  for (const tensor of sorted) {
    yield* encode(tensor, typeof tensor.data === 'function' ? await tensor.data() : tensor.data);
  }
}

/** SHA-256, in hex, of the bytes that follow the header in a file of these tensors: kohya's `sshs_model_hash`. */
export async function hashTensorData(tensors: Iterable<TensorToWrite>): Promise<string> {
  const hash = createHash('sha256');
  for await (const bytes of encodeAll([...tensors].sort(compareTensors))) hash.update(bytes);
  return hash.digest('hex');
}

/**
 * Writes a file atomically. The same tensors and metadata give the same bytes, in whatever order they come, and
 * those of the reference implementation where it is deterministic itself (at most one metadata entry).
 *
 * @throws Failure `write-failed`
 */
export async function writeSafetensors(
  path: string,
  tensors: Iterable<TensorToWrite>,
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  const sorted = [...tensors].sort(compareTensors);
  const header = serializeHeader(sorted, metadata);
  await writeFileAtomic(path, async (file) => {
    await file.writeFile(header);
    for await (const bytes of encodeAll(sorted)) await file.writeFile(bytes);
  });
}
