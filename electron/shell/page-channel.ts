import type { MessagePortMain } from 'electron';

import { type ServedStudio, servePage } from '../studio/serve-page.ts';
import { portChannel } from './channels.ts';
import { portOverMessages } from './page-port.ts';
import { isTrustedSender, type SenderEvent } from './trusted-sender.ts';

export interface ChannelDependencies {
  readonly studio: Promise<ServedStudio>;
  /** Id of the window's contents; null while there is none. */
  readonly windowId: () => number | null;
  readonly createChannel: () => { readonly port1: MessagePortMain; readonly port2: MessagePortMain };
  readonly onRefused: (address: string) => void;
}

interface ReadyEvent extends SenderEvent {
  readonly senderFrame: NonNullable<SenderEvent['senderFrame']> & {
    postMessage(channel: string, message: unknown, transfer: MessagePortMain[]): void;
  };
}

/** Gives the page its one port to the studio, and gives nobody else any. */
export function answerReady({ studio, windowId, createChannel, onRefused }: ChannelDependencies) {
  return (event: SenderEvent): void => {
    if (!isTrustedSender(event, windowId())) {
      onRefused(event.senderFrame?.url ?? 'a frame that is gone');
      return;
    }
    const { port1, port2 } = createChannel();
    servePage(studio, portOverMessages(port1));
    (event as ReadyEvent).senderFrame.postMessage(portChannel, null, [port2]);
  };
}
