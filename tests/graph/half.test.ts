import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

import { describe, expect, test } from 'vitest';

import {
  bfloat16ToFloat32,
  float16ToFloat32,
  float32ToBfloat16,
  float32ToFloat16,
} from '../../native/graph/half.ts';

// torch 2.15.0 and numpy 2.4.6, by tests/reference/weights_files.py. Bits are compared, so there is no tolerance.
const reference = JSON.parse(
  readFileSync(new URL('../reference/fixtures/weights-half.json', import.meta.url), 'utf8'),
) as Record<string, string>;

function bytesOf(name: string): ArrayBuffer {
  return new Uint8Array(Buffer.from(reference[name]!, 'base64')).buffer;
}

const numbers = new Float32Array(bytesOf('float32'));

describe('float16', () => {
  test('rounds as torch and numpy do, at every exponent and around every kind of tie', () => {
    expect(numbers.length).toBeGreaterThan(10_000);
    expect(Buffer.from(float32ToFloat16(numbers).buffer)).toEqual(Buffer.from(bytesOf('float16')));
  });

  test('widens every one of its numbers to the float32 numpy gives', () => {
    const halves = Uint16Array.from({ length: 0x10000 }, (_, bits) => bits).filter(
      (bits) => (bits & 0x7fff) <= 0x7c00,
    );
    const digest = createHash('sha256').update(new Uint8Array(float16ToFloat32(halves).buffer));
    expect(digest.digest('hex')).toBe(reference['sha256 of float32 of every float16 that is a number']);
  });

  test('comes back from float32 unchanged, every NaN as a quiet NaN of the same sign', () => {
    const halves = Uint16Array.from({ length: 0x10000 }, (_, bits) => bits);
    const back = float32ToFloat16(float16ToFloat32(halves));
    const quiet = halves.map((bits) => ((bits & 0x7fff) > 0x7c00 ? bits | 0x200 : bits));
    expect(back).toEqual(quiet);
  });
});

describe('bfloat16', () => {
  test('rounds as torch does', () => {
    expect(Buffer.from(float32ToBfloat16(numbers).buffer)).toEqual(Buffer.from(bytesOf('bfloat16')));
  });

  test('comes back from float32 unchanged, every NaN as a quiet NaN of the same sign', () => {
    const values = Uint16Array.from({ length: 0x10000 }, (_, bits) => bits);
    const back = float32ToBfloat16(bfloat16ToFloat32(values));
    const quiet = values.map((bits) => ((bits & 0x7fff) > 0x7f80 ? bits | 0x40 : bits));
    expect(back).toEqual(quiet);
  });

  test('keeps a NaN whose payload lies in the bits that are cut off', () => {
    const signalling = new Float32Array(Uint32Array.of(0x7f800001, 0xff800001).buffer);
    expect(Number.isNaN(bfloat16ToFloat32(float32ToBfloat16(signalling))[0])).toBe(true);
    expect([...float32ToBfloat16(signalling)]).toEqual([0x7fc0, 0xffc0]);
    expect([...float32ToFloat16(signalling)]).toEqual([0x7e00, 0xfe00]);
  });
});

test('converts part of an array in place of a larger one, and refuses lengths that differ', () => {
  const target = new Uint16Array(4);
  float32ToFloat16(Float32Array.of(9, 1, 2, 9).subarray(1, 3), target.subarray(1, 3));
  expect([...target]).toEqual([0, 0x3c00, 0x4000, 0]);
  expect(() => float32ToFloat16(new Float32Array(2), target)).toThrow(RangeError);
});
