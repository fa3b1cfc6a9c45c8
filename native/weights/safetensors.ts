/**
 * safetensors files (https://github.com/huggingface/safetensors, format of version 0.8): read by ranges and written
 * as a stream, so neither side ever holds a whole model. Assumes a little-endian machine, as the format does.
 */
import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { open } from 'node:fs/promises';

import { Failure, messageOf } from '../failure.ts';
import { writeFileAtomic } from '../files/atomic-file.ts';
import { bfloat16ToFloat32, float16ToFloat32, float32ToBfloat16, float32ToFloat16 } from '../graph/half.ts';
import type { SafetensorsDtype, TensorEntry } from './safetensors-header.ts';
import {
  compareTensors,
  maxHeaderBytes,
  parseHeader,
  serializeHeader,
  tensorBytes,
} from './safetensors-header.ts';

export type { SafetensorsDtype, TensorEntry } from './safetensors-header.ts';

type Bytes = Uint8Array<ArrayBuffer>;

/** Bytes converted or written at a time; a multiple of every element size. */
const chunkBytes = 4 << 20;

export interface SafetensorsFile {
  readonly path: string;
  readonly tensors: ReadonlyMap<string, TensorEntry>;
  readonly metadata: ReadonlyMap<string, string>;
  /** A tensor's bytes as they are in the file. */
  read(name: string): Promise<Bytes>;
  /** A tensor's elements as numbers, converted where the file has another type. */
  readAs(name: string, type: 'float32'): Promise<Float32Array<ArrayBuffer>>;
  /** A tensor's elements as float16 bits, rounded where the file has a wider type. */
  readAs(name: string, type: 'float16'): Promise<Uint16Array<ArrayBuffer>>;
  /** Fills `target`, which must have as many elements as the tensor. Needs 4 MiB besides, whatever the tensor. */
  readInto(name: string, target: Float32Array<ArrayBuffer>): Promise<void>;
  close(): Promise<void>;
}

/** Numbers out of the bytes of each type that can be read as numbers; `bytes` starts at a multiple of 8. */
const decoders: Readonly<
  Partial<Record<SafetensorsDtype, (bytes: Bytes, target: Float32Array<ArrayBuffer>) => void>>
> = {
  F64: (bytes, target) => {
    target.set(new Float64Array(bytes.buffer, bytes.byteOffset, target.length));
  },
  F32: (bytes, target) => {
    target.set(new Float32Array(bytes.buffer, bytes.byteOffset, target.length));
  },
  F16: (bytes, target) => {
    float16ToFloat32(new Uint16Array(bytes.buffer, bytes.byteOffset, target.length), target);
  },
  BF16: (bytes, target) => {
    bfloat16ToFloat32(new Uint16Array(bytes.buffer, bytes.byteOffset, target.length), target);
  },
  I64: (bytes, target) => {
    const values = new BigInt64Array(bytes.buffer, bytes.byteOffset, target.length);
    for (let i = 0; i < target.length; i++) target[i] = Number(values[i]!);
  },
  I32: (bytes, target) => {
    target.set(new Int32Array(bytes.buffer, bytes.byteOffset, target.length));
  },
  I16: (bytes, target) => {
    target.set(new Int16Array(bytes.buffer, bytes.byteOffset, target.length));
  },
  I8: (bytes, target) => {
    target.set(new Int8Array(bytes.buffer, bytes.byteOffset, target.length));
  },
  U8: (bytes, target) => {
    target.set(bytes);
  },
  BOOL: (bytes, target) => {
    for (let i = 0; i < target.length; i++) target[i] = bytes[i] === 0 ? 0 : 1;
  },
};

function truncated(path: string): Failure {
  return new Failure('safetensors-truncated', `${path} is cut short`, 'Copy or download the file again.');
}

async function readFully(file: FileHandle, bytes: Uint8Array, position: number, path: string): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    // One read of 2 GiB or more fails on some systems.
    const length = Math.min(bytes.length - done, 1 << 30);
    const { bytesRead } = await file.read(bytes, done, length, position + done);
    if (bytesRead === 0) throw truncated(path);
    done += bytesRead;
  }
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r');
  } catch (error) {
    const reason = messageOf(error);
    throw new Failure(
      'file-unreadable',
      `Could not open ${path}: ${reason}`,
      'Check that the file is there and that you may read it.',
      error,
    );
  }
}

/**
 * Opens a file and reads its header alone.
 *
 * @throws Failure `file-unreadable`, `safetensors-truncated`, `safetensors-header`
 */
export async function openSafetensors(path: string): Promise<SafetensorsFile> {
  const file = await openFile(path);
  try {
    const stats = await file.stat();
    if (!stats.isFile()) {
      throw new Failure('file-unreadable', `${path} is not a file`, 'Name a .safetensors file.');
    }
    if (stats.size < 8) throw truncated(path);
    const prefix = new DataView(new ArrayBuffer(8));
    await readFully(file, new Uint8Array(prefix.buffer), 0, path);
    const length = prefix.getBigUint64(0, true);
    if (length > BigInt(maxHeaderBytes)) {
      throw new Failure(
        'safetensors-header',
        `${path} is not a valid safetensors file: it claims a header of ${length.toString()} bytes`,
        'Check that this is a .safetensors file; checkpoints of other formats must be converted first.',
      );
    }
    const dataStart = 8 + Number(length);
    if (dataStart > stats.size) throw truncated(path);
    const headerBytes = new Uint8Array(Number(length));
    await readFully(file, headerBytes, 8, path);
    const header = parseHeader(headerBytes, stats.size - dataStart, path);
    return reader(path, file, dataStart, header.tensors, header.metadata);
  } catch (error) {
    await file.close();
    throw error;
  }
}

function reader(
  path: string,
  file: FileHandle,
  dataStart: number,
  tensors: ReadonlyMap<string, TensorEntry>,
  metadata: ReadonlyMap<string, string>,
): SafetensorsFile {
  const find = (name: string): TensorEntry => {
    const entry = tensors.get(name);
    if (entry !== undefined) return entry;
    throw new Failure(
      'tensor-missing',
      `${path} has no tensor ${name}`,
      'Check that the file belongs to this kind of model.',
    );
  };
  const length = (name: string): number => find(name).shape.reduce((product, extent) => product * extent, 1);

  const convert = async (
    name: string,
    elements: number,
    take: (numbers: Float32Array<ArrayBuffer>, at: number) => void,
  ): Promise<void> => {
    const { dtype, begin, end } = find(name);
    const decode = decoders[dtype];
    if (decode === undefined) {
      throw new Failure(
        'safetensors-dtype',
        `${path} stores ${name} as ${dtype}, which cannot be read`,
        'Use a version of the model in float32, float16 or bfloat16.',
      );
    }
    if (end === begin) return;
    const size = (end - begin) / elements;
    const chunk = new Uint8Array(Math.min(chunkBytes, end - begin));
    const numbers = new Float32Array(chunk.length / size);
    for (let position = begin; position < end; position += chunk.length) {
      const bytes = chunk.subarray(0, Math.min(chunk.length, end - position));
      await readFully(file, bytes, dataStart + position, path);
      const part = numbers.subarray(0, bytes.length / size);
      decode(bytes, part);
      take(part, (position - begin) / size);
    }
  };

  const readInto = async (name: string, target: Float32Array<ArrayBuffer>): Promise<void> => {
    const { dtype, begin } = find(name);
    if (target.length !== length(name)) {
      throw new RangeError(`${name} has ${length(name)} elements and the target ${target.length}`);
    }
    if (dtype === 'F32') {
      const bytes = new Uint8Array(target.buffer, target.byteOffset, target.byteLength);
      await readFully(file, bytes, dataStart + begin, path);
      return;
    }
    await convert(name, target.length, (numbers, at) => {
      target.set(numbers, at);
    });
  };

  const readHalf = async (name: string): Promise<Uint16Array<ArrayBuffer>> => {
    const target = new Uint16Array(length(name));
    const { dtype, begin } = find(name);
    if (dtype === 'F16') await readFully(file, new Uint8Array(target.buffer), dataStart + begin, path);
    else
      await convert(name, target.length, (numbers, at) => {
        float32ToFloat16(numbers, target.subarray(at, at + numbers.length));
      });
    return target;
  };

  function readAs(name: string, type: 'float32'): Promise<Float32Array<ArrayBuffer>>;
  function readAs(name: string, type: 'float16'): Promise<Uint16Array<ArrayBuffer>>;
  async function readAs(
    name: string,
    type: 'float32' | 'float16',
  ): Promise<Float32Array<ArrayBuffer> | Uint16Array<ArrayBuffer>> {
    if (type === 'float16') return readHalf(name);
    const target = new Float32Array(length(name));
    await readInto(name, target);
    return target;
  }

  return {
    path,
    tensors,
    metadata,
    readAs,
    readInto,
    async read(name) {
      const { begin, end } = find(name);
      const bytes = new Uint8Array(end - begin);
      await readFully(file, bytes, dataStart + begin, path);
      return bytes;
    },
    close: () => file.close(),
  };
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
