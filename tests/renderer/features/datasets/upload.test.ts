import { describe, expect, test } from 'vitest';

import { upload, type UploadProgress } from '../../../../renderer/features/datasets/import/upload.ts';

const files = ['a b.png', 'sub/ü.png', 'c.png'].map((path) => ({ path, file: new File(['12345'], path) }));

describe('an upload', () => {
  test('puts every file at its own place below the upload’s id', async () => {
    const addresses: string[] = [];
    const put = (address: string, { method }: RequestInit) => {
      addresses.push(`${method ?? ''} ${address}`);
      return Promise.resolve(new Response());
    };
    expect(await upload(files, { uploadId: 'upload-1', put })).toBe('upload-1');
    expect(addresses.sort()).toEqual([
      'PUT /uploads/upload-1/a%20b.png',
      'PUT /uploads/upload-1/c.png',
      'PUT /uploads/upload-1/sub/%C3%BC.png',
    ]);
  });

  test('tells how far it is, in files and bytes', async () => {
    const told: UploadProgress[] = [];
    await upload(files, {
      uploadId: 'upload-1',
      put: () => Promise.resolve(new Response()),
      onProgress: (progress) => told.push(progress),
    });
    expect(told[0]).toEqual({ files: 0, totalFiles: 3, bytes: 0, totalBytes: 15 });
    expect(told.at(-1)).toEqual({ files: 3, totalFiles: 3, bytes: 15, totalBytes: 15 });
  });

  test('fails by naming the file that the studio refused', async () => {
    const put = (address: string) =>
      Promise.resolve(new Response(null, { status: address.endsWith('c.png') ? 413 : 200 }));
    await expect(upload(files, { uploadId: 'upload-1', put })).rejects.toMatchObject({
      code: 'upload-failed',
      message: 'c.png could not be sent to the studio: the studio answered 413.',
    });
  });

  test('fails in the words of the studio, where it said why', async () => {
    const put = () => Promise.resolve(new Response('The disk is full. Free some space.\n', { status: 507 }));
    await expect(upload(files, { uploadId: 'upload-1', put })).rejects.toMatchObject({
      message: 'a b.png could not be sent to the studio: The disk is full. Free some space.',
    });
  });

  test('sends no more once it is cancelled', async () => {
    const ending = new AbortController();
    let sent = 0;
    const put = () => {
      sent += 1;
      ending.abort();
      return Promise.reject(new DOMException('aborted', 'AbortError'));
    };
    const many = Array.from({ length: 50 }, (_, at) => ({ path: `${at}.png`, file: new File([], 'x') }));
    await expect(upload(many, { uploadId: 'u', put, signal: ending.signal })).rejects.toMatchObject({
      name: 'AbortError',
    });
    expect(sent).toBeLessThan(10);
  });
});
