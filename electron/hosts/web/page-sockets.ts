import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';

import { WebSocketServer } from 'ws';

import { type ServedStudio, servePage } from '../../studio/serve-page.ts';
import { admit, type Keys, knockOf } from './admission.ts';
import { portOverSocket } from './page-socket.ts';

/** The sockets of a host's pages. */
export interface PageSockets {
  /** Takes a request for a socket: a page that may have one is served over it. */
  readonly admit: (request: IncomingMessage, stream: Duplex, head: Buffer) => void;
  /** Breaks every page's socket off; pages dial again. */
  readonly cut: () => void;
}

/** Ids of every image of the largest data sets fit into one call. */
export const largestMessage = 16 * 1024 * 1024;

export function createPageSockets(studio: Promise<ServedStudio>, keys: Keys): PageSockets {
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: largestMessage,
    perMessageDeflate: false,
  });
  return {
    admit: (request, stream, head) => {
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
    },
    cut: () => {
      for (const socket of sockets.clients) socket.terminate();
    },
  };
}
