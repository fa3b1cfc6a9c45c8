import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MessageChannel, type MessagePort } from 'node:worker_threads';

import { WebSocket } from 'ws';

import type { Dial } from '../../electron/connection/client.ts';
import { linkOverPort, linkOverSocket } from '../../electron/connection/links.ts';
import { startWebHost } from '../../electron/hosts/web.ts';
import { type MainPort, portOverMessages } from '../../electron/shell/page-port.ts';
import { type ServedStudio, servePage } from '../../electron/studio/serve-page.ts';
import { linkInMemory } from './memory-link.ts';

export interface Transport {
  readonly name: string;
  /** How a page reaches this studio, and what takes it all down. */
  readonly open: (
    studio: Promise<ServedStudio>,
  ) => Promise<{ readonly dial: Dial; readonly end: () => Promise<void> }>;
}

/** A browser that has shown the token: its cookie, and the origin its requests come from. */
export async function signedIn(
  address: string,
): Promise<{ readonly cookie: string; readonly origin: string }> {
  const { origin } = new URL(address);
  const response = await fetch(address);
  return { origin, cookie: (response.headers.get('set-cookie') ?? '').split(';')[0]! };
}

/** Any folder with a page in it. */
export function pageFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'screenfold-page-'));
  writeFileSync(join(folder, 'index.html'), '<!doctype html><head></head><body>page</body>');
  return folder;
}

/** A port of node's channel in the form of Electron's. */
function asMainPort(port: MessagePort): MainPort {
  return {
    on: (event: 'message' | 'close', listener: (message: { readonly data: unknown }) => void) => {
      if (event === 'close') port.on('close', listener as () => void);
      else
        port.on('message', (data: unknown) => {
          listener({ data });
        });
    },
    postMessage: (message) => {
      port.postMessage(message);
    },
    start: () => {
      port.start();
    },
  };
}

export const transports: readonly Transport[] = [
  {
    name: 'memory',
    open: (studio) => Promise.resolve({ dial: linkInMemory(studio), end: () => Promise.resolve() }),
  },
  {
    name: 'a message port',
    open: (studio) => {
      const ports: MessagePort[] = [];
      const dial = linkOverPort((onPort) => {
        const { port1, port2 } = new MessageChannel();
        ports.push(port1, port2);
        servePage(studio, portOverMessages(asMainPort(port1)));
        onPort(port2 as unknown as Parameters<typeof onPort>[0]);
        return () => undefined;
      });
      const end = () => {
        for (const port of ports) port.close();
        return Promise.resolve();
      };
      return Promise.resolve({ dial, end });
    },
  },
  {
    name: 'a WebSocket',
    open: async (studio) => {
      const served = studio.then((started) => ({
        ...started,
        uploads: tmpdir(),
        media: () => Promise.resolve(null),
      }));
      const host = await startWebHost({ studio: served, pageFolder: pageFolder(), port: 0 });
      const headers = await signedIn(host.address);
      const address = `ws://127.0.0.1:${host.port}/socket`;
      return { dial: linkOverSocket(() => new WebSocket(address, { headers })), end: () => host.close() };
    },
  },
];
