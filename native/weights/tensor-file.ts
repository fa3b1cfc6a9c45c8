/** A file of named tensors, whatever its format: looked through at once, read tensor by tensor. */
import { Failure } from '../failure.ts';
import { bfloat16ToFloat32, float16ToFloat32, float32ToFloat16 } from '../graph/half.ts';
import type { SafetensorsDtype } from './safetensors-header.ts';

type Bytes = Uint8Array<ArrayBuffer>;

/** Bytes converted or written at a time; a multiple of every element size. */
export const chunkBytes = 4 << 20;

export interface TensorInfo {
  /** By safetensors' name for it, in files of other formats too. */
  readonly dtype: SafetensorsDtype;
  readonly shape: readonly number[];
}

export interface TensorFile {
  readonly path: string;
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  readonly metadata: ReadonlyMap<string, string>;
  /** A tensor's bytes in row-major order, in the file's own type. */
  read(name: string): Promise<Bytes>;
  /** A tensor's elements as numbers, converted where the file has another type. */
  readAs(name: string, type: 'float32'): Promise<Float32Array<ArrayBuffer>>;
  /** A tensor's elements as float16 bits, rounded where the file has a wider type. */
  readAs(name: string, type: 'float16'): Promise<Uint16Array<ArrayBuffer>>;
  /** Fills `target`, which must have as many elements as the tensor. */
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

/** Fills `bytes` with what a tensor's bytes in row-major order have from `position` on. */
export type ReadRange = (bytes: Bytes, position: number) => Promise<void>;

export interface TensorFormat<Info extends TensorInfo> {
  /** Failures' codes begin with it. */
  readonly name: 'safetensors' | 'torch-file';
  readonly path: string;
  readonly tensors: ReadonlyMap<string, Info>;
  /** Bytes a tensor takes in row-major order. */
  readonly byteLength: (info: Info) => number;
  /** Called once for every read of a tensor. */
  readonly ranges: (info: Info) => ReadRange;
}

function elementsOf({ shape }: TensorInfo): number {
  return shape.reduce((product, extent) => product * extent, 1);
}

/** How tensors are read out of a file whose format says where their bytes are. */
export function tensorReads<Info extends TensorInfo>(
  format: TensorFormat<Info>,
): Pick<TensorFile, 'read' | 'readAs' | 'readInto'> {
  const { path } = format;
  const find = (name: string): Info => {
    const info = format.tensors.get(name);
    if (info !== undefined) return info;
    throw new Failure(
      'tensor-missing',
      `${path} has no tensor ${name}`,
      'Check that the file belongs to this kind of model.',
    );
  };

  const convert = async (
    name: string,
    elements: number,
    take: (numbers: Float32Array<ArrayBuffer>, at: number) => void,
  ): Promise<void> => {
    const info = find(name);
    const decode = decoders[info.dtype];
    if (decode === undefined) {
      throw new Failure(
        `${format.name}-dtype`,
        `${path} stores ${name} as ${info.dtype}, which cannot be read`,
        'Use a version of the model in float32, float16 or bfloat16.',
      );
    }
    const end = format.byteLength(info);
    if (end === 0) return;
    const readRange = format.ranges(info);
    const size = end / elements;
    const chunk = new Uint8Array(Math.min(chunkBytes, end));
    const numbers = new Float32Array(chunk.length / size);
    for (let position = 0; position < end; position += chunk.length) {
      const bytes = chunk.subarray(0, Math.min(chunk.length, end - position));
      await readRange(bytes, position);
      const part = numbers.subarray(0, bytes.length / size);
      decode(bytes, part);
      take(part, position / size);
    }
  };

  const readInto = async (name: string, target: Float32Array<ArrayBuffer>): Promise<void> => {
    const info = find(name);
    const length = elementsOf(info);
    if (target.length !== length) {
      throw new RangeError(`${name} has ${length} elements and the target ${target.length}`);
    }
    if (info.dtype === 'F32') {
      await format.ranges(info)(new Uint8Array(target.buffer, target.byteOffset, target.byteLength), 0);
      return;
    }
    await convert(name, length, (numbers, at) => {
      target.set(numbers, at);
    });
  };

  const readHalf = async (name: string): Promise<Uint16Array<ArrayBuffer>> => {
    const info = find(name);
    const target = new Uint16Array(elementsOf(info));
    if (info.dtype === 'F16') await format.ranges(info)(new Uint8Array(target.buffer), 0);
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
    const target = new Float32Array(elementsOf(find(name)));
    await readInto(name, target);
    return target;
  }

  return {
    readAs,
    readInto,
    async read(name) {
      const info = find(name);
      const bytes = new Uint8Array(format.byteLength(info));
      await format.ranges(info)(bytes, 0);
      return bytes;
    },
  };
}
