import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import { onTestFinished } from 'vitest';

export interface Asked {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
}

export interface FileServer {
  readonly origin: string;
  readonly address: URL;
  /** Everything that was asked of it. */
  readonly asked: readonly Asked[];
  readonly close: () => Promise<void>;
}

/** How a request is answered, in place of an orderly answer. */
export type Behave = (request: IncomingMessage, response: ServerResponse, turn: number) => void;

/** A server on this machine whose every request is answered by `behave`, until the test ends. */
export async function serve(behave: Behave): Promise<FileServer> {
  const server = await serveUntilClosed(behave);
  onTestFinished(server.close);
  return server;
}

/** The same, for more than one test. */
export async function serveUntilClosed(behave: Behave): Promise<FileServer> {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    response.on('error', () => undefined);
    asked.push({ path: request.url ?? '', headers: request.headers });
    behave(request, response, asked.length);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const close = async () => {
    server.closeAllConnections();
    if (!server.listening) return;
    server.close();
    await once(server, 'close');
  };
  return { origin, address: new URL('/model.safetensors', origin), asked, close };
}

export const someBytes = (length: number): Buffer => randomBytes(length);
/** A safetensors file of so many bytes, whose one tensor is random. */
export function someModel(length: number): Buffer {
  const headerBytes = 128;
  const data = length - 8 - headerBytes;
  const header = JSON.stringify({ weights: { dtype: 'U8', shape: [data], data_offsets: [0, data] } });
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(BigInt(headerBytes));
  return Buffer.concat([prefix, Buffer.from(header.padEnd(headerBytes)), someBytes(data)]);
}
export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

export interface Giving {
  readonly etag?: string | null;
  /** Bytes of the body after which the connection breaks. */
  readonly breakAfter?: number;
  /** Bytes of the body after which nothing more comes. */
  readonly stallAfter?: number;
}

/** An orderly answer with ranges, as nginx gives it, broken off where that is wanted. */
export function give(
  content: Buffer,
  request: IncomingMessage,
  response: ServerResponse,
  { etag = '"one"', breakAfter, stallAfter }: Giving = {},
): void {
  const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? NaN);
  const isRest = !Number.isNaN(from) && (request.headers['if-range'] ?? etag) === etag;
  const tag = etag === null ? {} : { etag };
  if (isRest && from >= content.length) {
    response.writeHead(416, { ...tag, 'content-range': `bytes */${content.length}` }).end();
    return;
  }
  const body = isRest ? content.subarray(from) : content;
  const range = isRest ? { 'content-range': `bytes ${from}-${content.length - 1}/${content.length}` } : {};
  response.writeHead(isRest ? 206 : 200, { ...tag, ...range, 'content-length': body.length });
  const cut = breakAfter ?? stallAfter;
  if (cut === undefined || cut >= body.length) {
    response.end(body);
    return;
  }
  response.write(body.subarray(0, cut), () => {
    // What was written is let arrive first.
    if (breakAfter !== undefined) setTimeout(() => response.destroy(), 10);
  });
}
