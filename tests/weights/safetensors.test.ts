import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';

import { Failure } from '../../native/failure.ts';
import type { TensorToWrite } from '../../native/weights/safetensors.ts';
import { hashTensorData, openSafetensors, writeSafetensors } from '../../native/weights/safetensors.ts';

const folder = mkdtempSync(join(tmpdir(), 'screenfold-safetensors-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

// Written by safetensors 0.8.0, by tests/reference/weights_files.py.
const mixed = fileURLToPath(new URL('../reference/fixtures/weights-mixed.safetensors', import.meta.url));
const numbers = [0, 1, 2, 3, 100, 127];

let files = 0;
function fileOf(bytes: Uint8Array): string {
  const path = join(folder, `${(files++).toString()}.safetensors`);
  writeFileSync(path, bytes);
  return path;
}

function fileWith(header: unknown, data: Uint8Array = new Uint8Array(0)): string {
  const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header), 'latin1');
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return fileOf(Buffer.concat([length, json, data]));
}

async function refusal(path: string): Promise<Failure> {
  try {
    const file = await openSafetensors(path);
    await file.close();
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
  throw new Error(`${path} was not refused`);
}

describe('reading', () => {
  test('finds every tensor of a file of all types, and its metadata', async () => {
    const file = await openSafetensors(mixed);
    expect(file.tensors.size).toBe(23);
    expect(file.tensors.get('scalar')).toEqual({ dtype: 'F32', shape: [], begin: 216, end: 220 });
    expect(file.tensors.get('empty')).toMatchObject({ shape: [0, 4] });
    expect(file.tensors.get('of.f8_e4m3')).toMatchObject({ dtype: 'F8_E4M3', shape: [2, 3] });
    expect([...file.metadata]).toEqual([['format', 'pt']]);
    await file.close();
  });

  test.each(['f64', 'f32', 'f16', 'bf16', 'i64', 'i32', 'i16', 'i8', 'u8'])(
    'gives the numbers of a tensor of type %s',
    async (type) => {
      const file = await openSafetensors(mixed);
      expect([...(await file.readAs(`of.${type}`, 'float32'))]).toEqual(numbers);
      const halves = [0, 0x3c00, 0x4000, 0x4200, 0x5640, 0x57f0];
      expect([...(await file.readAs(`of.${type}`, 'float16'))]).toEqual(halves);
      await file.close();
    },
  );

  test('gives bool as 0 and 1, scalars, empty tensors and raw bytes', async () => {
    const file = await openSafetensors(mixed);
    expect([...(await file.readAs('of.bool', 'float32'))]).toEqual([0, 1, 1, 1, 1, 1]);
    expect([...(await file.readAs('scalar', 'float32'))]).toEqual([0.5]);
    expect(await file.readAs('empty', 'float32')).toHaveLength(0);
    expect([...(await file.read('of.u8'))]).toEqual(numbers);
    await file.close();
  });

  test('lists types it cannot read and refuses to read them by name', async () => {
    const file = await openSafetensors(mixed);
    await expect(file.readAs('of.f8_e5m2', 'float32')).rejects.toMatchObject({
      code: 'safetensors-dtype',
      message: expect.stringMatching(/of\.f8_e5m2 as F8_E5M2/) as string,
    });
    await expect(file.read('no.such')).rejects.toMatchObject({ code: 'tensor-missing' });
    await file.close();
  });

  test('fills an array larger than one chunk, from any type, and refuses one of another length', async () => {
    const values = Float32Array.from({ length: 2_500_000 }, (_, i) => (i % 2048) / 4);
    const path = join(folder, 'large.safetensors');
    const shape = [2_500, 1_000];
    await writeSafetensors(path, [
      { name: 'a', dtype: 'F16', shape, data: values },
      { name: 'b', dtype: 'F64', shape, data: new Uint8Array(Float64Array.from(values).buffer) },
      { name: 'c', dtype: 'F32', shape, data: values },
    ]);
    const file = await openSafetensors(path);
    for (const name of ['a', 'b', 'c']) {
      const target = new Float32Array(values.length + 2).fill(-1);
      await file.readInto(name, target.subarray(1, -1));
      expect(target.subarray(1, -1).every((value, i) => value === values[i])).toBe(true);
      expect([target[0], target.at(-1)]).toEqual([-1, -1]);
    }
    await expect(file.readInto('a', new Float32Array(3))).rejects.toThrow(RangeError);
    await file.close();
  });
});

describe('writing', () => {
  async function copyOf(path: string): Promise<TensorToWrite[]> {
    const file = await openSafetensors(path);
    const tensors: TensorToWrite[] = [];
    for (const [name, { dtype, shape }] of file.tensors) {
      tensors.push({ name, dtype, shape, data: await file.read(name) });
    }
    await file.close();
    return tensors;
  }

  test('gives the very bytes of the reference implementation, in whatever order tensors come', async () => {
    const tensors = await copyOf(mixed);
    const path = join(folder, 'copy.safetensors');
    await writeSafetensors(path, tensors.reverse(), { format: 'pt' });
    expect(readFileSync(path)).toEqual(readFileSync(mixed));
    const lazy = tensors.map((tensor) => ({
      ...tensor,
      data: () => Promise.resolve(tensor.data as Uint8Array<ArrayBuffer>),
    }));
    await writeSafetensors(path, lazy, { format: 'pt' });
    expect(readFileSync(path)).toEqual(readFileSync(mixed));
  });

  test('hashes what follows the header', async () => {
    const bytes = readFileSync(mixed);
    const data = bytes.subarray(8 + Number(bytes.readBigUInt64LE(0)));
    expect(await hashTensorData(await copyOf(mixed))).toBe(createHash('sha256').update(data).digest('hex'));
  });

  test('aligns the data to 8 bytes and sorts metadata', async () => {
    const path = join(folder, 'aligned.safetensors');
    for (const key of ['k', 'kk', 'kkk', 'kkkkkkk']) {
      await writeSafetensors(path, [], { b: '1', [key]: '"\u0000', a: '2' });
      const bytes = readFileSync(path);
      expect(Number(bytes.readBigUInt64LE(0)) % 8).toBe(0);
      const file = await openSafetensors(path);
      expect([...file.metadata.keys()]).toEqual(['a', 'b', key]);
      await file.close();
    }
  });

  test('rounds numbers to the type asked for', async () => {
    const path = join(folder, 'rounded.safetensors');
    const data = Float32Array.of(1 / 3, -65520, 1e-8);
    await writeSafetensors(path, [
      { name: 'half', dtype: 'F16', shape: [3], data },
      { name: 'brain', dtype: 'BF16', shape: [3, 1], data: () => data },
    ]);
    const file = await openSafetensors(path);
    expect([...(await file.readAs('half', 'float32'))]).toEqual([0.333251953125, -Infinity, 0]);
    expect([...(await file.readAs('brain', 'float16'))]).toEqual([0x3558, 0xfc00, 0]);
    await file.close();
  });

  test('refuses data that does not fit its shape, and a name used twice, and leaves no file', async () => {
    const path = join(folder, 'nested.safetensors');
    const one = (name: string, data: TensorToWrite['data']): TensorToWrite => ({
      name,
      dtype: 'F32',
      shape: [2],
      data,
    });
    await expect(writeSafetensors(path, [one('a', new Float32Array(3))])).rejects.toThrow('a is no F32');
    const twice = [one('a', new Float32Array(2)), one('a', new Float32Array(2))];
    await expect(writeSafetensors(path, twice)).rejects.toThrow('a is taken');
    expect((await readdir(folder)).filter((name) => name.startsWith('nested'))).toEqual([]);
  });
});

describe('a damaged or hostile file', () => {
  const entry = (dtype: unknown, shape: unknown, begin: unknown, end: unknown): object => ({
    dtype,
    shape,
    data_offsets: [begin, end],
  });
  const four = new Uint8Array(4);

  test.each<[string, unknown, Uint8Array, string]>([
    ['no JSON', '{"a":', four, 'not JSON'],
    ['no object', '[]', four, 'does not start with {'],
    ['leading space', ' {}', new Uint8Array(0), 'does not start with {'],
    ['invalid UTF-8', '{"\u00ff":1}', four, 'not JSON'],
    ['a number for an entry', { a: 1 }, four, '"a" is no JSON object'],
    ['an unknown type', { a: entry('F31', [1], 0, 4) }, four, 'unknown type F31'],
    ['an inherited name for a type', { a: entry('toString', [1], 0, 4) }, four, 'unknown type toString'],
    ['no type', { a: { shape: [1], data_offsets: [0, 4] } }, four, 'unknown type undefined'],
    ['a negative extent', { a: entry('F32', [-1], 0, 4) }, four, 'no valid shape'],
    ['a fractional extent', { a: entry('F32', [0.5], 0, 4) }, four, 'no valid shape'],
    ['a shape that overflows', { a: entry('F32', [2 ** 40, 2 ** 40], 0, 4) }, four, 'larger than any file'],
    [
      'an overflow hidden by a zero',
      { a: entry('F32', [2 ** 40, 2 ** 40, 0], 0, 0) },
      four,
      'larger than any',
    ],
    ['half a byte', { a: entry('F4', [1], 0, 1) }, four, 'not a whole number of bytes'],
    ['a negative offset', { a: entry('F32', [1], -4, 0) }, four, 'no valid data_offsets'],
    [
      'three offsets',
      { a: { dtype: 'F32', shape: [1], data_offsets: [0, 4, 8] } },
      four,
      'no valid data_offsets',
    ],
    ['an end before the beginning', { a: entry('F32', [1], 4, 0) }, four, 'ends before it begins'],
    [
      'a size that is not the shape’s',
      { a: entry('F32', [2], 0, 4) },
      four,
      'takes 4 bytes where its shape takes 8',
    ],
    ['overlapping tensors', { a: entry('F32', [1], 0, 4), b: entry('U8', [2], 2, 4) }, four, 'overlaps'],
    ['a hole', { a: entry('U8', [1], 0, 1), b: entry('U8', [2], 2, 4) }, four, 'leaves a gap'],
    ['bytes of no tensor', { a: entry('U8', [3], 0, 3) }, four, '1 bytes at its end'],
    ['an unknown field', { a: { ...entry('F32', [1], 0, 4), x: 1 } }, four, 'unknown field "x"'],
    [
      'metadata that is no string',
      { __metadata__: { a: 1 } },
      new Uint8Array(0),
      'metadata "a" is not a string',
    ],
    [
      'more tensors than any model has',
      `{${Array.from({ length: 100_001 }, (_, i) => `"${i}":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}`).join()}}`,
      new Uint8Array(0),
      'more than 100000 tensors',
    ],
    [
      'a key twice',
      '{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"\\u0061":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}',
      four,
      '"a" twice',
    ],
    [
      'a field twice',
      '{"a\\\\\\"{":{"dtype":"U8","dtype":"I8","shape":[4],"data_offsets":[0,4]}}',
      four,
      '"dtype" twice',
    ],
  ])('is refused with %s', async (_, header, data, message) => {
    const path = fileWith(header, data);
    const failure = await refusal(path);
    expect(failure.code).toBe('safetensors-header');
    expect(failure.message).toContain(message);
    expect(failure.message).toContain(path);
  });

  test('is refused without reading when it claims a header longer than itself or than 100 MB', async () => {
    const length = (bytes: bigint): Uint8Array => new Uint8Array(BigUint64Array.of(bytes).buffer);
    expect(await refusal(fileOf(length(2n ** 63n)))).toMatchObject({ code: 'safetensors-header' });
    expect(await refusal(fileOf(length(100_000_001n)))).toMatchObject({ code: 'safetensors-header' });
    expect(await refusal(fileOf(length(90_000_000n)))).toMatchObject({ code: 'safetensors-truncated' });
    expect(await refusal(fileOf(new Uint8Array(3)))).toMatchObject({ code: 'safetensors-truncated' });
  });

  test('is refused when it is a folder or not there', async () => {
    expect(await refusal(folder)).toMatchObject({ code: 'file-unreadable' });
    expect(await refusal(join(folder, 'no such file'))).toMatchObject({ code: 'file-unreadable' });
  });

  test('is named truncated wherever it is cut', async () => {
    const whole = readFileSync(mixed);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: whole.length - 1 }), async (length) => {
        const failure = await refusal(fileOf(whole.subarray(0, length)));
        expect(failure.code).toBe('safetensors-truncated');
      }),
      { numRuns: 150 },
    );
  });

  test('is read or refused, never more, whatever bytes are changed', async () => {
    const whole = readFileSync(mixed);
    const header = 8 + Number(whole.readBigUInt64LE(0));
    const change = fc.tuple(fc.integer({ min: 0, max: header - 1 }), fc.integer({ min: 0, max: 255 }));
    const digits = fc.constantFrom(...'0123456789-e."[]{},:\\ '.split('').map((text) => text.charCodeAt(0)));
    const likelyChange = fc.tuple(fc.integer({ min: 8, max: header - 1 }), digits);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(change, likelyChange), { minLength: 1, maxLength: 6 }),
        async (changes) => {
          const bytes = Uint8Array.from(whole);
          for (const [at, value] of changes) bytes[at] = value;
          await readAllOrRefuse(fileOf(bytes));
        },
      ),
      { numRuns: 400 },
    );
  });

  test('is read or refused, never more, whatever its header claims', async () => {
    const size = fc.oneof(fc.nat({ max: 12 }), fc.constantFrom(-1, 0.5, 2 ** 31, 2 ** 53, 1e308, null, '4'));
    const tensor = fc.record(
      {
        dtype: fc.constantFrom('F32', 'F16', 'U8', 'BOOL', 'F4', 'I64', 'X', '__proto__', 7),
        shape: fc.oneof(fc.array(size, { maxLength: 4 }), fc.constant({})),
        data_offsets: fc.oneof(fc.tuple(size, size), fc.array(size, { maxLength: 3 })),
      },
      { requiredKeys: [] },
    );
    const name = fc.constantFrom('a', 'b', '__metadata__', '__proto__', 'constructor', '');
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(name, fc.oneof(tensor, fc.jsonValue({ maxDepth: 2 }))), { maxLength: 4 }),
        fc.uint8Array({ maxLength: 16 }),
        async (entries, data) => {
          const fields = entries.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`);
          await readAllOrRefuse(fileWith(`{${fields.join(',')}}`, data));
        },
      ),
      { numRuns: 600 },
    );
  });

  async function readAllOrRefuse(path: string): Promise<void> {
    try {
      const file = await openSafetensors(path);
      try {
        for (const [name, { begin, end }] of file.tensors) {
          expect(await file.read(name)).toHaveLength(end - begin);
          await file.readAs(name, 'float32').catch((error: unknown) => {
            expect(error).toMatchObject({ code: 'safetensors-dtype' });
          });
        }
      } finally {
        await file.close();
      }
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      expect(error.message).toContain(path);
    }
  }
});
