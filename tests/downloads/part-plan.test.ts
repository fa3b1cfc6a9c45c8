import { describe, expect, test } from 'vitest';

import { Changed, Passing } from '../../electron/downloads/failures.ts';
import {
  ask,
  linkedHash,
  namedFile,
  nothingYet,
  overlap,
  type PartState,
  retryAfter,
  take,
  waitBefore,
} from '../../electron/downloads/part-plan.ts';
import { Failure } from '../../native/failure.ts';

const million = 1_000_000;
const half: PartState = { kept: million / 2, total: million, etag: '"one"' };

const answered = (
  status: number,
  headers: Record<string, string>,
  state = half,
  bytes: number | null = null,
) => take({ status, headers, host: 'host' }, { state, asked: ask(state, false), bytes, hasToken: false });

describe('what is asked for', () => {
  test('is all of it as long as nothing is there', () => {
    expect(ask(nothingYet, true)).toEqual({ from: 0, headers: { 'accept-encoding': 'identity' } });
  });

  test('is the rest, and a little of what is there, if it is still the same', () => {
    const from = million / 2 - overlap;
    expect(ask(half, false)).toEqual({
      from,
      headers: { 'accept-encoding': 'identity', range: `bytes=${from}-`, 'if-range': '"one"' },
    });
  });

  test('is all of it where nothing would tell another file from this one', () => {
    expect(ask({ ...half, etag: null }, false).from).toBe(0);
    expect(ask({ ...half, etag: null }, true).from).toBeGreaterThan(0);
  });
});

describe('an answer', () => {
  const from = million / 2 - overlap;
  const range = (text: string) => ({ 'content-range': `bytes ${text}` });

  test('with the rest goes on', () => {
    expect(answered(206, { ...range(`${from}-999999/1000000`), etag: '"one"' })).toEqual({
      ...half,
      kept: undefined,
      from,
    });
  });

  test('with all of it begins anew, under its own tag', () => {
    expect(answered(200, { 'content-length': '12', etag: '"two"' })).toEqual({
      from: 0,
      total: 12,
      etag: '"two"',
    });
    expect(answered(200, { etag: 'W/"weak"' })).toEqual({ from: 0, total: null, etag: null });
  });

  test.each([
    ['another part', range('0-999999/1000000')],
    ['another length', range(`${from}-999998/999999`)],
    ['more than there is', range(`${from}-1000000/1000000`)],
    ['no range', {}],
    ['another tag', { ...range(`${from}-999999/1000000`), etag: '"two"' }],
  ])('with %s means that the file is another', (_, headers) => {
    expect(() => answered(206, headers)).toThrow(Changed);
  });

  test('that nothing is left is the end where all is there, and a change where not', () => {
    const whole = { ...half, kept: million };
    expect(answered(416, { 'content-range': `bytes */${million}` }, whole)).toBe('complete');
    expect(() => answered(416, { 'content-range': 'bytes */7' }, whole)).toThrow(Changed);
    expect(() => answered(416, {}, nothingYet)).toThrow(Failure);
  });

  test.each([
    [200, { 'content-length': '5' }],
    [206, range(`${from}-999999/1000000`)],
  ])('of another length than the list says is refused', (status, headers) => {
    expect(() => answered(status, headers, half, 7)).toThrow(/another file there/);
  });

  test('that is a web page, or is compressed, is refused for what it is', () => {
    const page = { 'content-type': 'text/html; charset=utf-8' };
    expect(() => answered(200, page)).toThrow(/web page instead of a file/);
    expect(() => answered(200, { 'content-encoding': 'gzip' })).toThrow(/gives the file compressed \(gzip\)/);
  });

  test.each([
    [401, 'download-token-needed'],
    [403, 'download-token-needed'],
    [404, 'download-missing'],
    [410, 'download-missing'],
    [407, 'download-proxy-refused'],
    [418, 'download-refused'],
  ])('with status %i is a failure', (status, code) => {
    expect(() => answered(status, {})).toThrow(expect.objectContaining({ code }) as Error);
  });

  test('that the server is busy is tried again, when it says', () => {
    for (const status of [408, 429, 500, 503]) {
      expect(() => answered(status, { 'retry-after': '7' })).toThrow(
        expect.objectContaining({ name: 'Passing', wait: 7 }) as Passing,
      );
    }
  });
});

describe('between tries', () => {
  test('one waits longer each time, never more than a minute', () => {
    const waits = [1, 2, 3, 4, 20].map((tries) => waitBefore(tries, null, () => 1));
    expect(waits).toEqual([1, 2, 4, 8, 60]);
    expect(waitBefore(3, null, () => 0)).toBe(2);
  });

  test('one waits as long as a server asks, within reason', () => {
    expect(waitBefore(1, 30, () => 0)).toBe(30);
    expect(waitBefore(1, 86_400, () => 0)).toBe(600);
    expect(retryAfter('Thu, 01 Jan 1970 00:01:00 GMT', 0)).toBe(60);
    expect(retryAfter('soon')).toBeNull();
  });
});

describe('of its headers', () => {
  test('a sum is taken from the storage behind', () => {
    const sum = 'ab'.repeat(32);
    expect(linkedHash({ headers: { 'x-linked-etag': `"${sum}"` } })).toBe(sum);
    expect(linkedHash({ headers: { 'x-linked-etag': '"0123"' } })).toBeNull();
  });

  test.each([
    ['attachment; filename="dream shaper.safetensors"', 'dream shaper.safetensors'],
    ['attachment; filename=plain.ckpt', 'plain.ckpt'],
    [`attachment; filename="x"; filename*=UTF-8''s%C3%BC%C3%9F.safetensors`, 'süß.safetensors'],
    ['inline', null],
  ])('a name is taken: %s', (text, name) => {
    expect(namedFile({ headers: { 'content-disposition': text } })).toBe(name);
  });
});
