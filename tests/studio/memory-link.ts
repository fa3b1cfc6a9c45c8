import type { Dial } from '../../electron/connection/client.ts';
import { type ServedStudio, servePage } from '../../electron/studio/serve-page.ts';

/**
 * A page and its studio in one process, as in tests. Messages are copied and arrive later, as they would from
 * elsewhere, so that nothing works here that would not work over a wire.
 */
export function linkInMemory(studio: Promise<ServedStudio>): Dial {
  return (events) => {
    let open = true;
    const listeners: ((message: unknown) => void)[] = [];
    const closers: (() => void)[] = [];
    const later = (act: () => void) => {
      queueMicrotask(() => {
        if (open) act();
      });
    };
    servePage(studio, {
      send: (message) => {
        const copy = structuredClone(message);
        later(() => {
          events.message(copy);
        });
      },
      onMessage: (listener) => listeners.push(listener),
      onClosed: (listener) => closers.push(listener),
    });
    return {
      send: (message) => {
        const copy = structuredClone(message);
        later(() => {
          for (const listener of listeners) listener(copy);
        });
      },
      close: () => {
        if (!open) return;
        open = false;
        for (const close of closers) close();
      },
    };
  };
}
