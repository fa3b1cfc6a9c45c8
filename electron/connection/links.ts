/** The page's links to its studio, over whatever the two have between them. */
import type { Dial } from './client.ts';

/** The part of a browser's `WebSocket` that is used; that of the package `ws` has it too. */
export interface SocketLike {
  addEventListener(event: 'message', listener: (message: { readonly data: unknown }) => void): void;
  addEventListener(event: 'close', listener: () => void): void;
  send(text: string): void;
  close(): void;
}

/** The part of a `MessagePort` that is used. */
export interface PortLike {
  addEventListener(event: 'message', listener: (message: { readonly data: unknown }) => void): void;
  addEventListener(event: 'close', listener: () => void): void;
  postMessage(message: unknown): void;
  start(): void;
  close(): void;
}

/** JSON texts, one message each. */
export function linkOverSocket(open: () => SocketLike): Dial {
  return (events) => {
    const socket = open();
    socket.addEventListener('message', ({ data }) => {
      events.message(typeof data === 'string' ? parsed(data) : null);
    });
    socket.addEventListener('close', () => {
      events.closed();
    });
    return {
      send: (message) => {
        socket.send(JSON.stringify(message));
      },
      close: () => {
        socket.close();
      },
    };
  };
}

/** `take` calls back when the port is there, and returns what ends the waiting for it. */
export function linkOverPort(take: (onPort: (port: PortLike) => void) => () => void): Dial {
  return (events) => {
    let port: PortLike | null = null;
    const stopWaiting = take((taken) => {
      port = taken;
      taken.addEventListener('message', ({ data }) => {
        events.message(data);
      });
      taken.addEventListener('close', () => {
        events.closed();
      });
      taken.start();
    });
    return {
      send: (message) => {
        port?.postMessage(message);
      },
      close: () => {
        stopWaiting();
        port?.close();
      },
    };
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
