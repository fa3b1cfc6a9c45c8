/** Archives and pickles byte by byte, for what torch.save would never write. */
import { crc32 } from 'node:zlib';

export interface ArchiveFile {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** How the directory says it is packed: 0 is not at all. */
  readonly method?: number;
  readonly flags?: number;
  /** What the directory says of it instead of what is so. */
  readonly size?: number;
  readonly offset?: number;
}

/** A zip archive of these files, one after the other. */
export function archiveOf(files: readonly ArchiveFile[]): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let position = 0;
  for (const { name, bytes, method = 0, flags = 0, size = bytes.length, offset } of files) {
    const encoded = Buffer.from(name);
    const fields = Buffer.alloc(26);
    fields.writeUInt16LE(20, 0);
    fields.writeUInt16LE(flags, 2);
    fields.writeUInt16LE(method, 4);
    fields.writeUInt32LE(crc32(bytes), 10);
    fields.writeUInt32LE(size, 14);
    fields.writeUInt32LE(size, 18);
    fields.writeUInt16LE(encoded.length, 22);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(offset ?? position, 10);
    parts.push(Buffer.from('PK\x03\x04'), fields, encoded, Buffer.from(bytes));
    directory.push(Buffer.from('PK\x01\x02\x14\0'), fields, tail, encoded);
    position += 30 + encoded.length + bytes.length;
  }
  const listed = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06');
  end.writeUInt16LE(files.length, 8);
  end.writeUInt16LE(files.length, 10);
  end.writeUInt32LE(listed.length, 12);
  end.writeUInt32LE(position, 16);
  return Buffer.concat([...parts, listed, end]);
}

/** Bytes: text as latin1, numbers as bytes. */
export function bytesOf(...parts: readonly (string | number | Uint8Array)[]): Buffer {
  return Buffer.concat(
    parts.map((part) =>
      typeof part === 'number'
        ? Buffer.of(part)
        : typeof part === 'string'
          ? Buffer.from(part, 'latin1')
          : Buffer.from(part),
    ),
  );
}

/** BINUNICODE */
export function text(value: string): Buffer {
  const encoded = Buffer.from(value);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(encoded.length);
  return bytesOf('X', length, encoded);
}

/** BININT or LONG1 */
export function integer(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(BigInt(value));
  return Math.abs(value) < 2 ** 31 ? bytesOf('J', bytes.subarray(0, 4)) : bytesOf(0x8a, 8, bytes);
}

/** GLOBAL */
export const global = (module: string, name: string): Buffer => bytesOf(`c${module}\n${name}\n`);

const tuple = (...items: readonly Uint8Array[]): Buffer => bytesOf('(', ...items, 't');

export interface TensorPickle {
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  readonly offset?: number;
  /** Of the storage, which is of float32. */
  readonly elements?: number;
  readonly key?: string;
}

/** A tensor as torch.save writes one. */
export function tensor({ shape, strides, offset = 0, elements = 4, key = '0' }: TensorPickle): Buffer {
  const storage = tuple(
    text('storage'),
    global('torch', 'FloatStorage'),
    text(key),
    text('cpu'),
    integer(elements),
  );
  return bytesOf(
    global('torch._utils', '_rebuild_tensor_v2'),
    tuple(
      bytesOf(storage, 'Q'),
      integer(offset),
      tuple(...shape.map(integer)),
      tuple(...strides.map(integer)),
      Buffer.of(0x89),
      bytesOf(global('collections', 'OrderedDict'), ')R'),
    ),
    'R',
  );
}

/** A pickle of a dict with one tensor, and with `extra` as what makes the value of another key. */
export function pickleWith(
  extra: Uint8Array | null,
  own: TensorPickle = { shape: [4], strides: [1] },
): Buffer {
  const items = [text('weight'), tensor(own), ...(extra === null ? [] : [text('extra'), extra])];
  return bytesOf(0x80, 2, '}(', ...items, 'u.');
}

/** A checkpoint of this pickle, with one storage of four numbers. */
export function checkpointOf(pickle: Uint8Array, more: readonly ArchiveFile[] = []): Buffer {
  return archiveOf([
    { name: 'fox/data.pkl', bytes: pickle },
    { name: 'fox/byteorder', bytes: Buffer.from('little') },
    { name: 'fox/data/0', bytes: Buffer.from(Float32Array.of(1, 2, 3, 4).buffer) },
    { name: 'fox/version', bytes: Buffer.from('3\n') },
    ...more,
  ]);
}
