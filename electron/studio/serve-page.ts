import { asFailure } from '../../native/files/as-failure.ts';
import { protocolVersion, type ResponseMessage } from '../connection/protocol.ts';
import { failureData } from '../contract/failure-data.ts';
import { readRequest } from './dispatch.ts';
import type { Studio } from './studio.ts';

/** The studio's end of a transport to one page. */
export interface PagePort {
  send(message: ResponseMessage): void;
  onMessage(listener: (message: unknown) => void): void;
  /** Called once when the page is gone, or the way to it. */
  onClosed(listener: () => void): void;
}

export type ServedStudio = Pick<Studio, 'version' | 'dispatch' | 'subscribe'>;

/**
 * Answers a page for as long as its port is open: hello, then results and events. Where the studio could not start,
 * the page is told why instead, so that none of its calls waits in vain.
 */
export function servePage(studio: Promise<ServedStudio>, port: PagePort): void {
  let open = true;
  let end = () => undefined as unknown;
  const send = (message: ResponseMessage) => {
    if (open) port.send(message);
  };
  port.onClosed(() => {
    open = false;
    end();
  });
  port.onMessage((message) => {
    const request = readRequest(message);
    if (request === null) return;
    if (request.type !== 'call') {
      send(request);
      return;
    }
    void studio.then(
      async (started) => {
        send(await started.dispatch(request));
      },
      (error: unknown) => {
        send({ type: 'failed', id: request.id, failure: failureData(asFailure(error, 'internal')) });
      },
    );
  });
  studio.then(
    (started) => {
      if (!open) return;
      end = started.subscribe(send);
      send({ type: 'hello', protocol: protocolVersion, version: started.version });
    },
    (error: unknown) => {
      send({ type: 'failed', id: null, failure: failureData(asFailure(error, 'internal')) });
    },
  );
}
