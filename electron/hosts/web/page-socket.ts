import type { WebSocket } from 'ws';

import type { PagePort } from '../../studio/serve-page.ts';

/** A page that takes nothing more is gone or stuck; once this much waits for it, it is better off dialling anew. */
const mostWaiting = 256 * 1024 * 1024;

/** A WebSocket as a page's port: JSON texts, one message each. */
export function portOverSocket(socket: WebSocket): PagePort {
  socket.on('error', () => {
    socket.terminate();
  });
  return {
    send: (message) => {
      if (socket.bufferedAmount > mostWaiting) socket.terminate();
      else socket.send(JSON.stringify(message));
    },
    onMessage: (listener) => {
      socket.on('message', (data, isBinary) => {
        listener(!isBinary && Buffer.isBuffer(data) ? parsed(data.toString('utf8')) : null);
      });
    },
    onClosed: (listener) => {
      socket.once('close', listener);
    },
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
