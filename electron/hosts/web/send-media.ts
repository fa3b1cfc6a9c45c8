import { createReadStream } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';

import type { MediaFile } from '../../studio/media.ts';
import { byteRange } from './byte-range.ts';

/**
 * Sends a picture: whole, a range of it, or word that the browser's copy is still right. With `?v=` in its address
 * it is kept for good; without, asked about each time, since an id's picture may become another one.
 */
export async function sendMedia(
  request: IncomingMessage,
  response: ServerResponse,
  { file, contentType, bytes, etag }: MediaFile,
  versioned: boolean,
): Promise<void> {
  response.setHeader('Content-Type', contentType);
  response.setHeader('ETag', etag);
  response.setHeader('Accept-Ranges', 'bytes');
  response.setHeader(
    'Cache-Control',
    versioned ? 'private, max-age=31536000, immutable' : 'private, no-cache',
  );
  const known = request.headers['if-none-match']?.split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  if (known?.includes(etag) === true) {
    response.writeHead(304).end();
    return;
  }
  const condition = request.headers['if-range'];
  const wanted = condition === undefined || condition === etag ? request.headers.range : undefined;
  const range = byteRange(wanted, bytes);
  if (range === 'unsatisfiable') {
    response.writeHead(416, { 'Content-Range': `bytes */${bytes}` }).end();
    return;
  }
  const { start, end } = range ?? { start: 0, end: bytes - 1 };
  response.setHeader('Content-Length', Math.max(0, end - start + 1));
  if (range === null) response.writeHead(200);
  else response.writeHead(206, { 'Content-Range': `bytes ${start}-${end}/${bytes}` });
  if (request.method === 'HEAD' || bytes === 0) {
    response.end();
    return;
  }
  // A browser that scrolls on breaks off what it no longer needs.
  await pipeline(createReadStream(file, { start, end }), response).catch(() => response.destroy());
}
