import { createClient, type Dial, type StudioClient } from '../../electron/contract/client.ts';
import { portMessage, type DesktopBridge } from '../../electron/contract/desktop.ts';

/** Waits longer with each attempt in vain, up to five seconds: a studio that starts again is soon found. */
const retryAfter = (failures: number) => Math.min(5000, 250 * 2 ** failures);

declare global {
  interface Window {
    readonly screenfoldDesktop?: DesktopBridge;
  }
}

/**
 * The studio behind this page: over the message port that the desktop window's preload hands in, else over a
 * WebSocket to the host that the page came from.
 */
export function connect(page: Window = window): StudioClient {
  const desktop = page.screenfoldDesktop;
  return desktop !== undefined
    ? createClient(overHandedPort(page, desktop))
    : createClient(overSocket(socketAddress(page.location)), { retryAfter });
}

export function socketAddress({ protocol, host }: Pick<Location, 'protocol' | 'host'>): string {
  return `${protocol === 'https:' ? 'wss:' : 'ws:'}//${host}/socket`;
}

export function overSocket(address: string): Dial {
  return (events) => {
    const socket = new WebSocket(address);
    socket.addEventListener('message', ({ data }) => {
      if (typeof data === 'string') events.message(parsed(data));
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

/** The preload posts one message with one port to its own window; whatever else arrives is no business of ours. */
export function overHandedPort(page: Window, desktop: DesktopBridge): Dial {
  return (events) => {
    let port: MessagePort | null = null;
    const take = ({ data, source, ports: [handed] }: MessageEvent) => {
      if (data !== portMessage || source !== page || handed === undefined) return;
      page.removeEventListener('message', take);
      port = handed;
      port.addEventListener('message', (message) => {
        events.message(message.data);
      });
      port.addEventListener('close', () => {
        events.closed();
      });
      port.start();
    };
    page.addEventListener('message', take);
    desktop.ready();
    return {
      send: (message) => {
        port?.postMessage(message);
      },
      close: () => {
        page.removeEventListener('message', take);
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
