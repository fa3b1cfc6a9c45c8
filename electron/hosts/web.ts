import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';

import { WebSocketServer } from 'ws';

import { Failure } from '../../native/failure.ts';
import { isDiskFull, storageFailure } from '../../native/files/storage-failure.ts';
import { type ServedStudio, servePage } from '../studio/serve-page.ts';
import type { Studio } from '../studio/studio.ts';
import { pageFile } from './page-files.ts';
import { commonHeaders } from './page-policy.ts';
import { admit, type Keys } from './web/admission.ts';
import { portOverSocket } from './web/page-socket.ts';
import { sendMedia } from './web/send-media.ts';
import { largestUpload, receiveUpload, tooLarge, uploadTarget } from './web/uploads.ts';

export interface WebHostDependencies {
  /** Rejected: pages are told why. */
  readonly studio: Promise<ServedStudio & Pick<Studio, 'media' | 'uploads'>>;
  /** The built page. */
  readonly pageFolder: string;
  /** 0: any that is free. */
  readonly port: number;
  readonly token?: string;
  readonly uploadLimit?: number;
  /** Told what went wrong with the listening itself, as when no connection more can be had. */
  readonly onError?: (error: Error) => void;
}

export interface WebHost {
  /** What a person opens; holds the token. */
  readonly address: string;
  readonly port: number;
  /** An address as good as that one, but once. */
  ticket(): string;
  /** Breaks every page's socket off; pages dial again. */
  cutSockets(): void;
  close(): Promise<void>;
}

/** Ids of every image of the largest data sets fit into one call. */
export const largestMessage = 16 * 1024 * 1024;
/** Large files over slow ways take their time, all in all; headers have to come within a minute. */
export const listening = { requestTimeout: 0, headersTimeout: 60_000 } as const;
/** Milliseconds without a byte of an upload after which nothing more is expected; how long it takes in all is its own affair. */
const uploadPatience = 120_000;

/**
 * The studio for a browser on this machine: the page, its pictures, its uploads and its socket, to whoever has the
 * token, and to nobody else.
 * @throws Failure `port-taken`
 */
export async function startWebHost(dependencies: WebHostDependencies): Promise<WebHost> {
  const { studio, pageFolder, uploadLimit = largestUpload } = dependencies;
  // Told to pages as they come; here it must only not be an unhandled one.
  studio.catch(() => undefined);
  const token = dependencies.token ?? randomBytes(24).toString('base64url');
  const server = createServer(listening);
  const port = await listen(server, dependencies.port);
  server.on('error', dependencies.onError ?? (() => undefined));
  const tickets = new Set<string>();
  const keys: Keys = {
    token,
    tickets,
    session: randomBytes(24).toString('base64url'),
    // Cookies do not know ports: two hosts on one machine must not take each other's.
    cookieName: `screenfold-${port}`,
  };

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    for (const [name, value] of Object.entries(commonHeaders)) response.setHeader(name, value);
    const admission = admit(knockOf(request, false), keys);
    if (admission.kind === 'refused') {
      // What a stranger goes on sending is not waited for.
      response.setHeader('Connection', 'close');
      say(response, admission.status, admission.why);
      return;
    }
    if (admission.kind === 'welcome') {
      if (admission.ticket !== null) tickets.delete(admission.ticket);
      response.setHeader('Set-Cookie', admission.cookie);
      sendPage(response, onward);
      return;
    }
    const { path, query } = admission;
    if (request.method === 'PUT') {
      await upload(request, response, path);
      return;
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      say(response, 405, 'There is nothing here that can be asked for in this way.');
      return;
    }
    if (path.startsWith('/media/')) {
      const media = await (await studio).media(path);
      if (media === null) say(response, 404, 'There is no such picture.');
      else await sendMedia(request, response, media, query.has('v'));
      return;
    }
    const file = await pageFile(pageFolder, path);
    if (file === null) {
      say(response, 404, 'There is nothing here.');
      return;
    }
    response.writeHead(200, {
      ...file.headers,
      'Content-Type': file.contentType,
      'Content-Length': file.content.length,
    });
    response.end(request.method === 'HEAD' ? undefined : file.content);
  };

  const upload = async (request: IncomingMessage, response: ServerResponse, path: string): Promise<void> => {
    const { uploads } = await studio;
    const target = uploadTarget(uploads, path);
    if (target === null) {
      say(response, 400, 'A file cannot be put there.');
      return;
    }
    if (Number(request.headers['content-length'] ?? 0) > uploadLimit) throw tooLarge(uploadLimit);
    request.setTimeout(uploadPatience, () => request.destroy());
    await receiveUpload(request, uploads, target, uploadLimit);
    response.writeHead(204).end();
  };

  server.on('request', (request, response) => {
    // A browser that is gone, or whoever else was; what was being sent ends with it.
    for (const stream of [request, response]) stream.on('error', () => stream.destroy());
    answer(request, response).catch((error: unknown) => {
      if (response.headersSent) response.destroy();
      else if (error instanceof Failure && error.code === 'upload-too-large') {
        response.setHeader('Connection', 'close');
        say(response, 413, error.message);
      } else {
        response.setHeader('Connection', 'close');
        const failure = error instanceof Failure ? error : storageFailure(error);
        if (failure !== null)
          say(response, isDiskFull(failure) ? 507 : 409, `${failure.message} ${failure.hint}`);
        else say(response, 500, error instanceof Error ? error.message : String(error));
      }
    });
  });

  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: largestMessage,
    perMessageDeflate: false,
  });
  server.on('upgrade', (request: IncomingMessage, stream: Duplex, head: Buffer) => {
    // From here on nobody else hears of it, and an error that nobody hears ends the process.
    stream.on('error', () => stream.destroy());
    const admission = admit(knockOf(request, true), keys);
    if (admission.kind !== 'admitted' || admission.path !== '/socket') {
      const status = admission.kind === 'refused' ? admission.status : 404;
      stream.end(`HTTP/1.1 ${status} Refused\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`, () =>
        stream.destroy(),
      );
      return;
    }
    sockets.handleUpgrade(request, stream, head, (socket) => {
      servePage(studio, portOverSocket(socket));
    });
  });

  const cutSockets = () => {
    for (const socket of sockets.clients) socket.terminate();
  };
  return {
    address: `http://127.0.0.1:${port}/?token=${token}`,
    port,
    ticket: () => {
      const ticket = randomBytes(24).toString('base64url');
      tickets.add(ticket);
      return `http://127.0.0.1:${port}/?token=${ticket}`;
    },
    cutSockets,
    close: () =>
      new Promise((resolve) => {
        cutSockets();
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

function knockOf({ method = 'GET', url = '/', headers }: IncomingMessage, upgrade: boolean) {
  return { method, url, headers, upgrade };
}

/**
 * Goes on to the page by itself rather than by a redirect: where the address was clicked in a page of another site,
 * as a terminal in a browser is, a redirect would count as that site's doing and go without the cookie.
 */
const onward = '<!doctype html><meta http-equiv="refresh" content="0; url=/" /><title>Screenfold</title>\n';

function sendPage(response: ServerResponse, html: string): void {
  response.writeHead(200, {
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
    'Cache-Control': 'no-store',
  });
  response.end(html);
}

function say(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8', 'Cache-Control': 'no-store' });
  response.end(`${text}\n`);
}

/** On the loopback interface alone. */
function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(
        error.code === 'EADDRINUSE' || error.code === 'EACCES'
          ? new Failure('port-taken', `Port ${port} cannot be had.`, 'Choose another with --port.', error)
          : error,
      );
    });
    server.listen(port, '127.0.0.1', () => {
      resolve((server.address() as AddressInfo).port);
    });
  });
}
