import type { PagePort } from '../studio/serve-page.ts';

/** The part of Electron's `MessagePortMain` that is used, so that it can be stood in for where Electron is not. */
export interface MainPort {
  on(event: 'message', listener: (message: { readonly data: unknown }) => void): unknown;
  on(event: 'close', listener: () => void): unknown;
  postMessage(message: unknown): void;
  start(): void;
}

/** A message port of the desktop as a page's port. */
export function portOverMessages(port: MainPort): PagePort {
  const closed = new Promise<void>((resolve) => {
    port.on('close', resolve);
  });
  return {
    send: (message) => {
      port.postMessage(message);
    },
    onMessage: (listener) => {
      port.on('message', ({ data }) => {
        listener(data);
      });
      port.start();
    },
    onClosed: (listener) => {
      void closed.then(listener);
    },
  };
}
