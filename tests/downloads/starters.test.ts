import { describe, expect, test } from 'vitest';

import { downloadAddress, mirrored, modelFileName } from '../../electron/downloads/addresses.ts';
import { createDownloadMeter } from '../../electron/downloads/download-meter.ts';
import { starterOf, starters } from '../../electron/downloads/starters.ts';
import { families } from '../../native/families/families.ts';

describe('the bases that are offered', () => {
  test('are held to a sum each, come by a secure connection and lie under a name of a model', () => {
    for (const { sha256, address, fileName, bytes } of starters) {
      expect(sha256).toMatch(/^[0-9a-f]{64}$/);
      expect(address).toMatch(/^https:\/\//);
      expect(modelFileName(new URL('https://host/x'), fileName)).toBe(fileName);
      expect(bytes).toBeGreaterThan(4e9);
    }
    expect(new Set(starters.map(({ id }) => id)).size).toBe(starters.length);
  });

  test('are refused where this version does not open them, and others by name', () => {
    const unopened = { ...starters[0]!, opens: false };
    expect(() => starterOf('sd-1.5', [unopened])).toThrow('cannot open Stable Diffusion 1.5 yet');
    expect(starterOf('sd-1.5').fileName).toBe('sd-1.5.safetensors');
    expect(() => starterOf('sd-9')).toThrow('There is no model called sd-9');
  });

  test('are opened by families that are there', () => {
    const isXlThere = families.some(({ name }) => name === 'stable-diffusion-xl');
    expect(starters.find(({ id }) => id === 'sdxl-1.0')?.opens).toBe(isXlThere);
  });
});

describe('an address', () => {
  test('of the page that shows a file is taken for the file’s own', () => {
    expect(downloadAddress(' https://huggingface.co/a/b/blob/main/c.safetensors ', false).href).toBe(
      'https://huggingface.co/a/b/resolve/main/c.safetensors',
    );
  });

  test.each(['', 'model.safetensors', 'ftp://host/a.ckpt', 'file:///a.ckpt', 'https://me:word@host/a.ckpt'])(
    'is refused where it is none to download from: %s',
    (text) => {
      expect(() => downloadAddress(text, true)).toThrow(
        expect.objectContaining({ code: 'download-address' }) as Error,
      );
    },
  );

  test('has to be secure, unless the sum is known or it is this machine’s', () => {
    expect(() => downloadAddress('http://host/a.ckpt', false)).toThrow('not be secure');
    expect(downloadAddress('http://host/a.ckpt', true).host).toBe('host');
    expect(downloadAddress('http://127.0.0.1:8000/a.ckpt', false).port).toBe('8000');
  });

  test('on Hugging Face is looked for at a mirror, others where they are', () => {
    expect(mirrored('https://huggingface.co/a/b', 'https://mirror.example/hub/')).toBe(
      'https://mirror.example/hub/a/b',
    );
    expect(mirrored('https://huggingface.co/a/b', '')).toBe('https://huggingface.co/a/b');
    expect(mirrored('https://elsewhere.example/a', 'https://mirror.example')).toBe(
      'https://elsewhere.example/a',
    );
  });
});

describe('the name of a file', () => {
  const address = new URL('https://host/api/download/models/128713');

  test.each([
    [address, 'My Style.SafeTensors', 'My Style.safetensors'],
    [address, '../../etc/evil.ckpt', 'evil.ckpt'],
    [address, '..\\..\\evil.ckpt', 'evil.ckpt'],
    [address, 'con.ckpt', 'con_.ckpt'],
    [new URL('https://host/a%20b.safetensors?x=1'), null, 'a b.safetensors'],
    [new URL('https://host/a.safetensors'), 'page.html', 'a.safetensors'],
  ])('of %s, called %s, is %s', (at, named, name) => {
    expect(modelFileName(at, named)).toBe(name);
  });

  test('that is no model’s is refused', () => {
    expect(() => modelFileName(address, 'archive.zip')).toThrow('no model by its name: 128713');
  });
});

test('the pace is that of the last seconds, and starts anew with the bytes', () => {
  let now = 0;
  const pace = createDownloadMeter(() => now);
  const after = (seconds: number, done: number) => {
    now += 1000 * seconds;
    return pace(done, 10_000);
  };
  expect(after(0, 0)).toEqual({ bytesPerSecond: null, secondsLeft: null });
  expect(after(1, 1000)).toEqual({ bytesPerSecond: 1000, secondsLeft: 9 });
  after(9, 1000);
  expect(after(1, 3000)).toEqual({ bytesPerSecond: 2000, secondsLeft: 3.5 });
  expect(after(1, 100)).toEqual({ bytesPerSecond: null, secondsLeft: null });
});
