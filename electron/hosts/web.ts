import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import { Failure } from '../../native/failure.ts';
import type { ServedStudio } from '../studio/serve-page.ts';
import type { Studio } from '../studio/studio.ts';
import { answerRequest } from './web/answer-request.ts';
import { createKeyRing } from './web/key-ring.ts';
import { createPageSockets } from './web/page-sockets.ts';
import { largestUpload } from './web/uploads.ts';

export interface WebHostDependencies {
  /** Rejected: pages are told why. */
  readonly studio: Promise<ServedStudio & Pick<Studio, 'media' | 'uploads'>>;
  /** The built page. */
  readonly pageFolder: string;
  /** 0: any that is free. */
  readonly port: number;
  readonly token?: string;
  /** What browsers keep once they were let in; the same again lets open pages go on after a restart. Left out: a new one. */
  readonly session?: string;
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

/** Large files over slow ways take their time, all in all; headers have to come within a minute. */
export const listening = { requestTimeout: 0, headersTimeout: 60_000 } as const;

/**
 * The studio for a browser on this machine: the page, its pictures, its uploads and its socket, to whoever has the
 * token, and to nobody else.
 * @throws Failure `port-taken`
 */
export async function startWebHost(dependencies: WebHostDependencies): Promise<WebHost> {
  const { studio, pageFolder, uploadLimit = largestUpload } = dependencies;
  // Told to pages as they come; here it must only not be an unhandled one.
  studio.catch(() => undefined);
  const server = createServer(listening);
  const port = await listen(server, dependencies.port);
  server.on('error', dependencies.onError ?? (() => undefined));
  const ring = createKeyRing(port, dependencies.token, dependencies.session);
  const sockets = createPageSockets(studio, ring.keys);

  server.on('request', (request, response) => {
    void answerRequest(request, response, { studio, pageFolder, ring, uploadLimit });
  });
  server.on('upgrade', sockets.admit);
  return {
    address: ring.addressFor(ring.keys.token),
    port,
    ticket: () => ring.addressFor(ring.newTicket()),
    cutSockets: sockets.cut,
    close: () =>
      new Promise((resolve) => {
        sockets.cut();
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
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
