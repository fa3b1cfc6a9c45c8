import { isOwnAddress } from './page-address.ts';

/** The part of Electron's `Session` that is bolted. */
export interface GuardedSession {
  setPermissionRequestHandler(
    handler: (contents: unknown, permission: string, callback: (granted: boolean) => void) => void,
  ): void;
  setPermissionCheckHandler(
    handler: (contents: unknown, permission: string, origin: string) => boolean,
  ): void;
  setDevicePermissionHandler(handler: () => boolean): void;
  on(event: 'will-download', listener: (event: { preventDefault(): void }) => void): unknown;
  readonly webRequest: {
    onBeforeRequest(
      listener: (
        details: { readonly url: string },
        callback: (answer: { readonly cancel: boolean }) => void,
      ) => void,
    ): void;
  };
}

/** The part of Electron's `WebContents` that is bolted. */
export interface GuardedContents {
  on(
    event: 'will-navigate' | 'will-redirect' | 'will-frame-navigate',
    listener: (event: { readonly url: string; preventDefault(): void }) => void,
  ): unknown;
  on(event: 'will-attach-webview', listener: (event: { preventDefault(): void }) => void): unknown;
  setWindowOpenHandler(handler: () => { readonly action: 'deny' }): void;
}

/** Copying text to the clipboard, on a click; nothing else that a browser would ask a person about. */
export function mayHave(permission: string, origin: string): boolean {
  return permission === 'clipboard-sanitized-write' && isOwnAddress(origin);
}

/** Addresses the page may load from: its own, what it made itself, and the tools of whoever develops it. */
export function mayRequest(address: string): boolean {
  return isOwnAddress(address) || /^(blob:screenfold:\/\/app\/|data:|devtools:)/.test(address);
}

/** Nothing is granted, downloaded or fetched from elsewhere. */
export function hardenSession(session: GuardedSession): void {
  session.setPermissionRequestHandler((_contents, permission, callback) => {
    callback(mayHave(permission, 'screenfold://app/'));
  });
  session.setPermissionCheckHandler((_contents, permission, origin) => mayHave(permission, origin));
  session.setDevicePermissionHandler(() => false);
  session.on('will-download', (event) => {
    event.preventDefault();
  });
  session.webRequest.onBeforeRequest(({ url }, callback) => {
    callback({ cancel: !mayRequest(url) });
  });
}

/** The page stays where it is, alone in its window. */
export function hardenContents(contents: GuardedContents): void {
  const stay = (event: { readonly url: string; preventDefault(): void }) => {
    if (!isOwnAddress(event.url)) event.preventDefault();
  };
  for (const event of ['will-navigate', 'will-redirect', 'will-frame-navigate'] as const)
    contents.on(event, stay);
  contents.on('will-attach-webview', (event) => {
    event.preventDefault();
  });
  contents.setWindowOpenHandler(() => ({ action: 'deny' }));
}
