import { isOwnAddress } from './page-address.ts';

/** What of a message's event tells who sent it. */
export interface SenderEvent {
  readonly sender: { readonly id: number };
  /** Null where the frame is gone already. */
  readonly senderFrame: { readonly url: string; readonly parent: unknown } | null;
}

/** Messages count only from the page itself: from our window, its topmost frame, at our own address. */
export function isTrustedSender({ sender, senderFrame }: SenderEvent, windowId: number | null): boolean {
  return (
    senderFrame !== null &&
    sender.id === windowId &&
    senderFrame.parent === null &&
    isOwnAddress(senderFrame.url)
  );
}
