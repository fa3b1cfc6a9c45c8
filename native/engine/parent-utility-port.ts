import type { FromEngine, ToEngine } from './messages.ts';
import type { ParentPort } from './serve.ts';

/** The part of `process.parentPort` a process that Electron started talks to its parent with. */
export interface UtilityPort {
  on(event: 'message', listener: (message: { readonly data: unknown }) => void): unknown;
  postMessage(message: unknown): void;
}

/**
 * The port of Electron's utility processes, as the engine's. It neither says when a message has left nor when the
 * parent is gone: the parent answers a job's end with `received`, and ends its utility processes when it goes itself.
 * `stop` acts as a stop message from the parent.
 * @param patience milliseconds to wait for `received`: a parent that is stuck must not keep this process alive
 */
export function parentOverUtilityPort(
  utility: UtilityPort,
  patience = 10_000,
): { readonly port: ParentPort; readonly stop: () => void } {
  const listeners: ((message: ToEngine) => void)[] = [];
  const hear = (message: ToEngine) => {
    for (const listener of [...listeners]) listener(message);
  };
  utility.on('message', ({ data }) => {
    hear(data as ToEngine);
  });
  const received = new Promise<void>((resolve) => {
    listeners.push(({ type }) => {
      if (type === 'received') resolve();
    });
  });
  const port: ParentPort = {
    send: (message: FromEngine) => {
      utility.postMessage(message);
      if (message.type === 'event') return Promise.resolve();
      const enough = new Promise<void>((resolve) => setTimeout(resolve, patience).unref());
      return Promise.race([received, enough]);
    },
    onMessage: (listener) => listeners.push(listener),
    onClosed: () => undefined,
  };
  return {
    port,
    stop: () => {
      hear({ type: 'stop' });
    },
  };
}
