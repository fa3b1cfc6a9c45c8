import type { FromEngine, ToEngine } from './messages.ts';
import type { ParentPort } from './serve.ts';

/** The part of `process` a child with an IPC channel talks to its parent with. */
export interface IpcProcess {
  readonly connected: boolean;
  send?(
    message: FromEngine,
    handle: undefined,
    options: undefined,
    callback: (error: Error | null) => void,
  ): boolean;
  on(event: 'message', listener: (message: unknown) => void): unknown;
  once(event: 'disconnect', listener: () => void): unknown;
}

/**
 * The channel `child_process.fork` opens, as the engine's port. `stop` acts as a stop message from the parent.
 * Throws where the process was not started with such a channel.
 */
export function parentOverIpc(child: IpcProcess): { readonly port: ParentPort; readonly stop: () => void } {
  if (child.send === undefined) {
    throw new Error('The engine is started by Screenfold, not by hand: it needs a channel to its parent.');
  }
  const listeners: ((message: ToEngine) => void)[] = [];
  const port: ParentPort = {
    send: (message) =>
      new Promise((resolve) => {
        if (!child.connected) resolve();
        // A parent that dies while a message is on its way is no error here: its end is told by `disconnect`.
        else
          child.send?.(message, undefined, undefined, () => {
            resolve();
          });
      }),
    onMessage: (listener) => {
      listeners.push(listener);
      child.on('message', (message) => {
        listener(message as ToEngine);
      });
    },
    onClosed: (listener) => child.once('disconnect', listener),
  };
  return {
    port,
    stop: () => {
      for (const listener of listeners) listener({ type: 'stop' });
    },
  };
}
