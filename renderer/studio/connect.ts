import { createClient, type StudioClient } from '../../electron/connection/client.ts';
import { type DesktopBridge, portMessage } from '../../electron/connection/desktop.ts';
import { linkOverPort, linkOverSocket, type PortLike } from '../../electron/connection/links.ts';

declare global {
  interface Window {
    readonly screenfoldDesktop?: DesktopBridge;
  }
}

/** Waits longer with each attempt in vain, up to five seconds: a studio that starts again is soon found. */
const retryAfter = (failures: number) => Math.min(5000, 250 * 2 ** failures);

/**
 * The studio behind this page: over the message port that the desktop window's preload hands in, else over a
 * WebSocket to the host that the page came from.
 */
export function connect(page: Window = window): StudioClient {
  const desktop = page.screenfoldDesktop;
  if (desktop !== undefined) {
    return createClient(linkOverPort((onPort) => takeHandedPort(page, desktop, onPort)));
  }
  const address = socketAddress(page.location);
  return createClient(
    linkOverSocket(() => new WebSocket(address)),
    { retryAfter },
  );
}

function socketAddress({ protocol, host }: Pick<Location, 'protocol' | 'host'>): string {
  return `${protocol === 'https:' ? 'wss:' : 'ws:'}//${host}/socket`;
}

/** The preload posts one message with one port to its own window; whatever else arrives is no business of ours. */
function takeHandedPort(page: Window, desktop: DesktopBridge, onPort: (port: PortLike) => void): () => void {
  const take = ({ data, source, ports: [handed] }: MessageEvent) => {
    if (data !== portMessage || source !== page || handed === undefined) return;
    stop();
    onPort(handed);
  };
  const stop = () => {
    page.removeEventListener('message', take);
  };
  page.addEventListener('message', take);
  desktop.ready();
  return stop;
}
