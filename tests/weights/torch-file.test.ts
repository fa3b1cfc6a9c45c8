import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterAll, describe, expect, test } from 'vitest';

import { Failure } from '../../native/failure.ts';
import { openTensorFile } from '../../native/weights/open-tensor-file.ts';
import { openSafetensors } from '../../native/weights/safetensors.ts';
import { openTorchFile } from '../../native/weights/torch-file.ts';
import {
  archiveOf,
  bytesOf,
  checkpointOf,
  global,
  integer,
  pickleWith,
  tensor,
  text,
} from './torch-archive.ts';

// Written by torch 2.15.0, by tests/reference/torch_files.py.
const fixtures = fileURLToPath(new URL('../reference/fixtures/torch', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'screenfold-torch-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

let files = 0;
function fileOf(bytes: Uint8Array): string {
  const path = join(folder, `${files++}.ckpt`);
  writeFileSync(path, bytes);
  return path;
}

async function refusal(path: string): Promise<Failure> {
  try {
    const file = await openTorchFile(path);
    await file.close();
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
  throw new Error(`${path} was not refused`);
}

async function namesIn(path: string): Promise<readonly string[]> {
  const file = await openTorchFile(path);
  await file.close();
  return [...file.tensors.keys()];
}

describe('a checkpoint', () => {
  test('has the tensors torch gives, of every type, layout, protocol and wrapping', async () => {
    const expected = await openSafetensors(join(fixtures, 'expected.safetensors'));
    const byFile = Map.groupBy(expected.tensors, ([name]) => name.slice(0, name.indexOf('/')));
    expect(byFile.size).toBeGreaterThan(10);
    for (const [fileName, tensors] of byFile) {
      const file = await openTorchFile(join(fixtures, fileName));
      const names = [...file.tensors.keys()].filter((name) => name !== 'long.half');
      expect(names.sort()).toEqual(tensors.map(([name]) => name.slice(fileName.length + 1)).sort());
      for (const [full, { dtype, shape }] of tensors) {
        const name = full.slice(fileName.length + 1);
        expect(file.tensors.get(name), full).toMatchObject({ dtype, shape });
        expect(Buffer.compare(await file.read(name), await expected.read(full)), full).toBe(0);
        if (dtype === 'C64' || dtype === 'U16' || dtype.startsWith('F8')) continue;
        for (const type of ['float32', 'float16'] as const)
          expect(await file.readAs(name, type as 'float32'), full).toEqual(
            await expected.readAs(full, type as 'float32'),
          );
      }
      await file.close();
    }
    await expected.close();
  });

  test('gives a large transposed tensor right over the ends of what is converted at a time', async () => {
    const file = await openTorchFile(join(fixtures, 'views.pt'));
    expect(file.tensors.get('long.half')).toMatchObject({ dtype: 'F16', shape: [5, 1_100_000] });
    const target = new Float32Array(5_500_002).fill(-1);
    await file.readInto('long.half', target.subarray(1, -1));
    expect(target.subarray(1, -1).every((value, at) => value === Math.floor(at / 1_100_000) / 4)).toBe(true);
    expect([target[0], target.at(-1)]).toEqual([-1, -1]);
    await expect(file.readInto('plain', new Float32Array(3))).rejects.toThrow(RangeError);
    await file.close();
  });

  test('gives what stands beside the tensors as notes', async () => {
    const lightning = await openTorchFile(join(fixtures, 'lightning.ckpt'));
    expect(Object.fromEntries(lightning.metadata)).toEqual({
      epoch: '3',
      global_step: '470000',
      'pytorch-lightning_version': '1.4.2',
    });
    await lightning.close();
    const embedding = await openTorchFile(join(fixtures, 'embedding.pt'));
    expect(Object.fromEntries(embedding.metadata)).toEqual({ name: 'fox', step: '500' });
    await embedding.close();
  });

  test('lists float8 and refuses to read it by name, and has no tensor that it has not', async () => {
    const file = await openTorchFile(join(fixtures, 'float8.pt'));
    await expect(file.readAs('of.f8', 'float32')).rejects.toMatchObject({
      code: 'torch-file-dtype',
      message: expect.stringMatching(/of\.f8 as F8_E4M3/) as string,
    });
    await expect(file.read('no.such')).rejects.toMatchObject({ code: 'tensor-missing' });
    await file.close();
  });

  test.each([
    ['legacy.pt', 'torch-file-legacy', /before version 1\.6/],
    ['first.pt', 'torch-file-legacy', /tar/],
    ['script.pt', 'torch-file-unsupported', /TorchScript/],
    ['big-endian.pt', 'torch-file-unsupported', /big-endian/],
    ['list.pt', 'torch-file-no-tensors', /no tensors/],
    ['expected.safetensors', 'torch-file-invalid', /does not begin as a zip/],
  ])('that is %s is refused for what it is', async (name, code, message) => {
    const failure = await refusal(join(fixtures, name));
    expect(failure).toMatchObject({ code, message: expect.stringMatching(message) as string });
    expect(failure.hint).not.toBe('');
  });

  test('that is not there or no file is refused', async () => {
    expect(await refusal(join(folder, 'none.ckpt'))).toMatchObject({ code: 'file-unreadable' });
    expect(await refusal(folder)).toMatchObject({ code: 'file-unreadable' });
    expect(await refusal(fileOf(Buffer.alloc(0)))).toMatchObject({ code: 'torch-file-truncated' });
  });

  test('that is cut short anywhere is refused', async () => {
    const bytes = readFileSync(join(fixtures, 'protocol-2.pt'));
    for (let length = 0; length < bytes.length; length += 7)
      expect((await refusal(fileOf(bytes.subarray(0, length)))).code).toMatch(
        /^torch-file-(truncated|invalid)$/,
      );
  });
});

describe('a file of either format', () => {
  test('is opened as what it is, whatever it is called', async () => {
    const torch = await openTensorFile(join(fixtures, 'lightning.ckpt'));
    expect(torch.metadata.get('epoch')).toBe('3');
    await torch.close();
    const renamed = fileOf(readFileSync(join(fixtures, 'expected.safetensors')));
    const safetensors = await openTensorFile(renamed);
    expect(safetensors.tensors.get('embedding.pt/string_to_param.*')).toMatchObject({ dtype: 'F32' });
    await safetensors.close();
  });

  test.each([
    ['legacy.pt', 'torch-file-legacy'],
    ['first.pt', 'torch-file-legacy'],
    ['eval.pt', 'torch-file-unsafe'],
  ])('is refused as what it is: %s', async (name, code) => {
    await expect(openTensorFile(join(fixtures, name))).rejects.toMatchObject({ code });
  });

  test('is refused where it is neither', async () => {
    await expect(openTensorFile(fileOf(Buffer.from('x')))).rejects.toMatchObject({
      code: 'safetensors-truncated',
    });
    await expect(openTensorFile(folder)).rejects.toMatchObject({ code: 'file-unreadable' });
    await expect(openTensorFile(join(folder, 'none'))).rejects.toMatchObject({ code: 'file-unreadable' });
  });
});

/** What each would run if it were unpickled by Python leaves this. */
const trace = 'torch-file-was-run';

describe('a pickle that would run something', () => {
  const command = text(`echo > ${trace}`);
  const system = bytesOf(global('os', 'system'), command, 0x85, 'R');
  const inner = bytesOf(global('builtins', 'eval'), text('1'), 0x85, 'R');

  test.each([
    ['os-system.pt', /(posix|nt)\.system/],
    ['eval.pt', /builtins\.eval/],
  ])('is refused before it does: %s, by torch.save', async (name, message) => {
    const failure = await refusal(join(fixtures, name));
    expect(failure).toMatchObject({
      code: 'torch-file-unsafe',
      message: expect.stringMatching(message) as string,
      hint: expect.stringMatching(/safetensors/) as string,
    });
    expect(failure.message).toContain(join(fixtures, name));
    expect(existsSync(trace)).toBe(false);
  });

  const readBefore = bytesOf(global('torch', 'Size'), text('a'), 0x85, 'R');
  test.each<readonly [string, Buffer, RegExp]>([
    ['REDUCE', system, /os\.system/],
    [
      'REDUCE inside the arguments of what is allowed',
      bytesOf(global('torch', 'Size'), inner, 0x85, 'R'),
      /builtins\.eval/,
    ],
    [
      'REDUCE inside a parameter',
      bytesOf(global('torch._utils', '_rebuild_parameter'), '(', inner, 0x88, 'NtR'),
      /builtins\.eval/,
    ],
    ['INST', bytesOf('(', command, 'ios\nsystem\n'), /os\.system as something to make \(INST\)/],
    ['OBJ', bytesOf('(', readBefore, 'o'), /the pickle instruction OBJ/],
    ['OBJ of a function', bytesOf('(', global('os', 'system'), command, 'o'), /os\.system/],
    ['NEWOBJ', bytesOf(global('subprocess', 'Popen'), command, 0x85, 0x81), /subprocess\.Popen/],
    ['NEWOBJ_EX', bytesOf(global('torch', 'Size'), ')}', 0x92), /NEWOBJ_EX/],
    ['a registered extension', bytesOf(0x82, 1), /EXT1/],
    ['a persistent id as text', bytesOf('Pos.system\n'), /PERSID/],
    ['a value of another call as the function', bytesOf(readBefore, ')R'), /no class or function/],
    ['a text as the function', bytesOf(text('os.system'), ')R'), /no class or function/],
    ['STACK_GLOBAL', bytesOf(text('os'), text('system'), 0x93), /os\.system/],
    [
      'STACK_GLOBAL of names out of the memo',
      bytesOf(text('system'), 'q', 9, '0', text('os'), 'h', 9, 0x93),
      /os\.system/,
    ],
    ['STACK_GLOBAL of a number', bytesOf(text('os'), integer(1), 0x93), /no text/],
    [
      'a way through an allowed module',
      bytesOf(text('torch'), text('_utils._rebuild_tensor_v2.__globals__'), 0x93),
      /__globals__/,
    ],
    [
      'an allowed name cut elsewhere',
      bytesOf(text('torch'), text('_utils._rebuild_tensor_v2'), 0x93),
      /torch\._utils/,
    ],
    [
      'an allowed name with a space',
      bytesOf(text('torch '), text('FloatStorage'), 0x93),
      /"torch \.FloatStorage"/,
    ],
    [
      'an allowed name with a mark before it',
      bytesOf(text('\ufefftorch'), text('FloatStorage'), 0x93),
      /\\ufefftorch/,
    ],
    [
      'a name that hides itself',
      bytesOf(text('os'), text('sys\u202etem\n\u001b[2J'), 0x93),
      /os\.sys\\u202etem\\n\\u001b/,
    ],
    ['a name of Object', global('torch', 'constructor'), /torch\.constructor/],
    ['a module of Object', global('__proto__', 'toString'), /__proto__\.toString/],
    ['BUILD on a tensor', bytesOf(tensor({ shape: [1], strides: [1] }), '}b'), /BUILD/],
    ['BUILD on a function', bytesOf(global('torch', 'Size'), '}b'), /BUILD/],
    [
      'BUILD with what sets a state',
      bytesOf(global('numpy', 'dtype'), ')R', '}', text('__setstate__'), system, 'sb'),
      /os\.system/,
    ],
    ['a class as a key', bytesOf('}', global('os', 'system'), 'Ns'), /os\.system/],
    [
      'getattr',
      bytesOf(global('builtins', 'getattr'), '(', global('torch', 'Size'), text('__init__'), 'tR'),
      /builtins\.getattr/,
    ],
    ['the names Python 2 has', global('__builtin__', 'eval'), /__builtin__\.eval/],
  ])('is refused by name: %s', async (_, extra, message) => {
    const failure = await refusal(fileOf(checkpointOf(pickleWith(extra))));
    expect(failure).toMatchObject({
      code: 'torch-file-unsafe',
      message: expect.stringMatching(message) as string,
    });
    // eslint-disable-next-line no-control-regex -- what a terminal would obey or show the wrong way round
    expect(failure.message).not.toMatch(/[\x00-\x1f\u202e]/);
    expect(existsSync(trace)).toBe(false);
    expect(readdirSync('.')).not.toContain(trace);
  });

  test('is refused though it comes after the end of all that is wanted', async () => {
    const after = bytesOf(pickleWith(null).subarray(0, -1), system, '0.');
    expect(await refusal(fileOf(checkpointOf(after)))).toMatchObject({ code: 'torch-file-unsafe' });
  });
});

describe('a pickle that would take all memory or time, or makes no sense', () => {
  const list = (depth: number) =>
    bytesOf(
      ']q\0',
      ...Array.from({ length: depth }, (_, at) =>
        bytesOf('](', ...Array<string>(10).fill(`h${String.fromCharCode(at)}`), 'eq', at + 1),
      ),
    );

  test('of lists of lists takes no more than it is long', async () => {
    expect(await namesIn(fileOf(checkpointOf(pickleWith(bytesOf('(', list(100), 't')))))).toEqual(['weight']);
  });

  test('of dicts within themselves is read', async () => {
    const loop = bytesOf(0x80, 2, '}q\0', text('state_dict'), 'h\0s.');
    expect(await refusal(fileOf(checkpointOf(loop)))).toMatchObject({ code: 'torch-file-no-tensors' });
  });

  test('of nothing but nesting is read', async () => {
    const deep = bytesOf(']'.repeat(200_000), 'a'.repeat(199_999));
    expect(await namesIn(fileOf(checkpointOf(pickleWith(deep))))).toEqual(['weight']);
  });

  test.each<readonly [string, Buffer, RegExp]>([
    ['too many parts', bytesOf('N0'.repeat(600_000), 'N'), /more parts/],
    ['a text longer than itself', bytesOf('X', 0xff, 0xff, 0xff, 0x7f), /cut short/],
    ['bytes longer than any file', bytesOf(0x8e, Buffer.alloc(8, 0xff)), /cut short/],
    ['an integer of absurd length', bytesOf(0x8b, 0, 0, 1, 0, Buffer.alloc(1 << 16)), /absurd/],
    ['an endless name', bytesOf('c', 'a'.repeat(5000), '\n'), /endless/],
    ['a value it never kept', bytesOf('h', 7), /never kept/],
    ['fewer values than it takes', bytesOf('0000000000'), /more values/],
    ['marks it never set', bytesOf('tttt'), /more values/],
    ['an instruction that does not exist', bytesOf(0xff), /does not exist/],
    ['a key without value', bytesOf('}(NNNu'), /lacks its value/],
    ['a list that is none', bytesOf('NNa'), /no list/],
    ['a dict that is none', bytesOf('NNNs'), /no dict/],
    [
      'a tensor made in an unusual way',
      bytesOf(global('torch.nn.parameter', 'Parameter'), ')', 0x81),
      /unusual/,
    ],
    [
      'a dict made in an unusual way',
      bytesOf(global('collections', 'OrderedDict'), ']', 0x85, 'R'),
      /unusual/,
    ],
    [
      'a parameter that is no tensor',
      bytesOf(global('torch._utils', '_rebuild_parameter'), 'N', 0x85, 'R'),
      /no tensor/,
    ],
    ['arguments that are none', bytesOf(global('torch', 'Size'), 'NR'), /no tuple/],
  ])('with %s is refused', async (_, extra, message) => {
    const failure = await refusal(fileOf(checkpointOf(pickleWith(extra))));
    expect(failure).toMatchObject({
      code: 'torch-file-invalid',
      message: expect.stringMatching(message) as string,
    });
  });

  test('is refused where it is of another protocol', async () => {
    expect(await refusal(fileOf(checkpointOf(bytesOf('}.'))))).toMatchObject({ code: 'torch-file-invalid' });
    expect((await refusal(fileOf(checkpointOf(bytesOf(0x80, 6, '}.'))))).message).toMatch(/protocol 6/);
  });
});

describe('a tensor that its storage does not bear', () => {
  test.each([
    ['has more elements', { shape: [5], strides: [1] }, /beyond its storage/],
    ['has a thousand million elements', { shape: [1_000_000_000], strides: [1] }, /beyond its storage/],
    ['begins beyond it', { shape: [1], strides: [1], offset: 4 }, /beyond its storage/],
    ['begins before it', { shape: [1], strides: [1], offset: -1 }, /a place in it/],
    ['goes backwards', { shape: [4], strides: [-1], offset: 3 }, /sizes or strides/],
    ['has a negative size', { shape: [-4], strides: [1] }, /sizes or strides/],
    ['has a stride too few', { shape: [2, 2], strides: [1] }, /sizes or strides/],
    ['strides beyond it', { shape: [2, 2], strides: [3, 1] }, /beyond its storage/],
    ['has strides that overflow', { shape: [3, 3], strides: [2 ** 52, 2 ** 52] }, /beyond its storage/],
    ['has sizes that overflow', { shape: [2 ** 30, 2 ** 30], strides: [0, 0] }, /larger than any file/],
    ['shows one number a thousand million times', { shape: [1_000_000_000], strides: [0] }, /more often/],
    [
      'has more axes than any',
      { shape: Array<number>(65).fill(1), strides: Array<number>(65).fill(1) },
      /sizes/,
    ],
    [
      'says its storage is longer than it is',
      { shape: [4], strides: [1], elements: 5 },
      /16 bytes .* says 20/,
    ],
    ['says its storage is of absurd length', { shape: [4], strides: [1], elements: 2 ** 53 - 1 }, /16 bytes/],
    ['has no storage', { shape: [4], strides: [1], key: '1' }, /lacks the storage 1/],
    [
      'has its storage outside',
      { shape: [4], strides: [1], key: '../../x' },
      /lacks the storage "\.\.\/\.\.\/x"/,
    ],
  ])('for it %s is refused', async (_, own, message) => {
    expect(await refusal(fileOf(checkpointOf(pickleWith(null, own))))).toMatchObject({
      code: 'torch-file-invalid',
      message: expect.stringMatching(message) as string,
    });
  });

  test('is refused where one storage is said to be two', async () => {
    const other = tensor({ shape: [1], strides: [1], elements: 3 });
    expect((await refusal(fileOf(checkpointOf(pickleWith(other))))).message).toMatch(/two different ones/);
  });

  test('is read where it bears it, from the first number to the last', async () => {
    const file = await openTorchFile(
      fileOf(checkpointOf(pickleWith(null, { shape: [2, 2], strides: [1, 2] }))),
    );
    expect([...(await file.readAs('weight', 'float32'))]).toEqual([1, 3, 2, 4]);
    await file.close();
  });
});

describe('an archive', () => {
  const pickle = { name: 'fox/data.pkl', bytes: pickleWith(null) };
  const storage = { name: 'fox/data/0', bytes: Buffer.alloc(16) };

  test('has its folder by any name and files besides', async () => {
    for (const top of ['archive', '狐 fox', '.hidden', '__proto__']) {
      const bytes = archiveOf([
        { ...pickle, name: `${top}/data.pkl` },
        { ...storage, name: `${top}/data/0` },
        { name: `${top}/.data/serialization_id`, bytes: Buffer.alloc(3) },
        { name: 'elsewhere/note.txt', bytes: Buffer.alloc(3), method: 8 },
      ]);
      expect(await namesIn(fileOf(bytes))).toEqual(['weight']);
    }
  });

  test.each([
    ['files that lie over each other', [pickle, { ...storage, offset: 0 }], /over another file|damaged/],
    ['a file longer than the archive', [pickle, { ...storage, size: 1 << 20 }], /damaged archive/],
    [
      'a file that begins beyond the archive',
      [pickle, { ...storage, offset: 0x7fffffff }],
      /damaged archive/,
    ],
    ['a file that begins where none does', [pickle, { ...storage, offset: 3 }], /damaged archive/],
    [
      'a name that leads out of it',
      [pickle, storage, { name: '../fox/data/1', bytes: storage.bytes }],
      /damaged/,
    ],
    [
      'a name that begins at the root',
      [pickle, storage, { name: '/etc/passwd', bytes: storage.bytes }],
      /damaged/,
    ],
    ['one file twice', [pickle, storage, storage], /twice/],
    ['two pickles', [pickle, { ...pickle, name: 'owl/data.pkl' }], /two data\.pkl/],
    ['no pickle', [storage], /no data\.pkl/],
    ['a pickle too deep down', [{ ...pickle, name: 'a/b/data.pkl' }], /no data\.pkl/],
    [
      'no valid byte order',
      [pickle, storage, { name: 'fox/byteorder', bytes: Buffer.from('middle') }],
      /byteorder/,
    ],
  ])('with %s is refused', async (_, entries, message) => {
    expect(await refusal(fileOf(archiveOf(entries)))).toMatchObject({
      code: 'torch-file-invalid',
      message: expect.stringMatching(message) as string,
    });
  });

  test.each([
    ['a compressed pickle', [{ ...pickle, method: 8 }, storage], /data\.pkl compressed/],
    ['compressed numbers', [pickle, { ...storage, method: 8 }], /"data\/0" compressed/],
    ['encrypted numbers', [pickle, { ...storage, flags: 1, method: 8 }], /encrypted/],
  ])('with %s is refused unopened', async (_, entries, message) => {
    expect(await refusal(fileOf(archiveOf(entries)))).toMatchObject({
      code: 'torch-file-unsupported',
      message: expect.stringMatching(message) as string,
    });
  });

  test('that points to where no file can have bytes is refused', async () => {
    const end = archiveOf([pickle, storage]).subarray(-22);
    const locator = Buffer.concat([
      Buffer.from('PK\x06\x07'),
      Buffer.alloc(4),
      Buffer.alloc(8, 0xff),
      Buffer.alloc(4),
    ]);
    const bytes = Buffer.concat([Buffer.from('PK\x03\x04'), Buffer.alloc(60), locator, end]);
    expect(await refusal(fileOf(bytes))).toMatchObject({ code: 'torch-file-invalid' });
  });
});
