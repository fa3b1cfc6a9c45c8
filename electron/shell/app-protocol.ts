import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import type { ReadableStream as NodeStream } from 'node:stream/web';

import { pageFile } from '../hosts/page-files.ts';
import { commonHeaders } from '../hosts/page-policy.ts';
import type { MediaFile } from '../studio/media.ts';
import { isOwnAddress } from './page-address.ts';

export interface AppProtocolDependencies {
  /** The built page. */
  readonly pageFolder: string;
  readonly media: (path: string) => Promise<MediaFile | null>;
}

/**
 * Answers the window's requests under its own scheme: the page's files, from one folder and nowhere else, and pictures
 * by id. There is no other way from the page to a file.
 */
export function answerAppRequest({ pageFolder, media }: AppProtocolDependencies) {
  return async ({ url, method }: Pick<Request, 'url' | 'method'>): Promise<Response> => {
    if (method !== 'GET' && method !== 'HEAD')
      return plain(405, 'There is nothing here to be asked in this way.');
    if (!isOwnAddress(url)) return plain(403, 'That is no address of this window.');
    // The path as it was written: parsing an address resolves `..`, and this has none to resolve.
    const { pathname } = new URL(url);
    if (pathname.startsWith('/media/')) return picture(await media(pathname), method);
    const file = await pageFile(pageFolder, pathname);
    if (file === null) return plain(404, 'There is nothing here.');
    const headers = { ...commonHeaders, ...file.headers, 'Content-Type': file.contentType };
    return new Response(method === 'HEAD' ? null : new Uint8Array(file.content), { headers });
  };
}

function picture(media: MediaFile | null, method: string): Response {
  if (media === null) return plain(404, 'There is no such picture.');
  const headers = {
    ...commonHeaders,
    'Content-Type': media.contentType,
    'Content-Length': String(media.bytes),
    'Cache-Control': 'private, no-cache',
    ETag: media.etag,
  };
  if (method === 'HEAD') return new Response(null, { headers });
  const stream: NodeStream = Readable.toWeb(createReadStream(media.file));
  return new Response(stream as ReadableStream, { headers });
}

function plain(status: number, text: string): Response {
  return new Response(`${text}\n`, { status, headers: { ...commonHeaders, 'Content-Type': 'text/plain' } });
}
