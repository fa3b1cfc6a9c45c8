import { describe, expect, test } from 'vitest';

import {
  type GuardedSession,
  hardenContents,
  hardenSession,
  mayHave,
  mayRequest,
} from '../../electron/shell/harden.ts';
import { isOwnAddress, pageAddress, pageScheme } from '../../electron/shell/page-address.ts';
import { isTrustedSender, type SenderEvent } from '../../electron/shell/trusted-sender.ts';
import { windowOptions } from '../../electron/shell/window-options.ts';
import { fitWindow } from '../../electron/shell/window-state.ts';

describe('the page’s address', () => {
  test.each([
    pageAddress,
    'screenfold://app',
    'screenfold://app/index.html#/runs',
    'screenfold://app/media/images/1',
  ])('%s is our own', (address) => {
    expect(isOwnAddress(address)).toBe(true);
  });

  test.each([
    'screenfold://apps/',
    'screenfold://app.evil/',
    'screenfold://app@evil/',
    'screenfold://user@app/',
    'screenfold://app:81/',
    'screenfold:app',
    'https://app/',
    'file:///etc/passwd',
    'about:blank',
    'javascript:alert(1)',
    '',
  ])('%j is not', (address) => {
    expect(isOwnAddress(address)).toBe(false);
  });

  test('has an origin of its own, under a scheme that bypasses no policy', () => {
    expect(pageScheme).toMatchObject({ scheme: 'screenfold', privileges: { standard: true, secure: true } });
    expect(pageScheme.privileges?.bypassCSP ?? false).toBe(false);
    expect(pageScheme.privileges?.corsEnabled ?? false).toBe(false);
    expect(pageScheme.privileges?.allowServiceWorkers ?? false).toBe(false);
  });
});

test('the window isolates its page, in the sandbox, without Node', () => {
  const { webPreferences } = windowOptions(fitWindow(null, []), '/app/preload.cjs', '/app/icon.png');
  expect(webPreferences).toMatchObject({
    preload: '/app/preload.cjs',
    contextIsolation: true,
    sandbox: true,
    nodeIntegration: false,
    nodeIntegrationInWorker: false,
    nodeIntegrationInSubFrames: false,
    webSecurity: true,
    webviewTag: false,
    navigateOnDragDrop: false,
  });
});

describe('a message', () => {
  const own: SenderEvent = { sender: { id: 3 }, senderFrame: { url: pageAddress, parent: null } };

  test('counts from the page itself', () => {
    expect(isTrustedSender(own, 3)).toBe(true);
  });

  test.each<[string, SenderEvent, number | null]>([
    ['another window', own, 4],
    ['a window that is gone', own, null],
    ['a frame that is gone', { ...own, senderFrame: null }, 3],
    ['a frame within the page', { ...own, senderFrame: { url: pageAddress, parent: {} } }, 3],
    ['another page', { ...own, senderFrame: { url: 'https://evil.example/', parent: null } }, 3],
  ])('does not count from %s', (_, event, windowId) => {
    expect(isTrustedSender(event, windowId)).toBe(false);
  });
});

/** Whether a listener, called with this event, prevented it. */
function prevented(act: (event: { url: string; preventDefault(): void }) => void, url = ''): boolean {
  let was = false;
  act({ url, preventDefault: () => (was = true) });
  return was;
}

describe('the session', () => {
  interface Handlers {
    request?: Parameters<GuardedSession['setPermissionRequestHandler']>[0];
    check?: Parameters<GuardedSession['setPermissionCheckHandler']>[0];
    device?: () => boolean;
    download?: (event: { preventDefault(): void }) => void;
    web?: Parameters<GuardedSession['webRequest']['onBeforeRequest']>[0];
  }
  const handlers: Handlers = {};
  hardenSession({
    setPermissionRequestHandler: (handler) => (handlers.request = handler),
    setPermissionCheckHandler: (handler) => (handlers.check = handler),
    setDevicePermissionHandler: (handler) => (handlers.device = handler),
    on: (_event, listener) => (handlers.download = listener),
    webRequest: { onBeforeRequest: (listener) => (handlers.web = listener) },
  });

  test.each([
    'media',
    'geolocation',
    'notifications',
    'clipboard-read',
    'openExternal',
    'fileSystem',
    'usb',
    'hid',
  ])('grants no %s', (permission) => {
    const granted: boolean[] = [];
    handlers.request!(null, permission, (answer) => granted.push(answer));
    expect(granted).toEqual([false]);
    expect(handlers.check!(null, permission, pageAddress)).toBe(false);
  });

  test('lets the page copy, and no other', () => {
    expect(mayHave('clipboard-sanitized-write', pageAddress)).toBe(true);
    expect(mayHave('clipboard-sanitized-write', 'https://evil.example')).toBe(false);
  });

  test('gives no device and downloads nothing', () => {
    expect(handlers.device!()).toBe(false);
    expect(prevented(handlers.download!)).toBe(true);
  });

  test.each(['https://evil.example/', 'http://127.0.0.1:8420/', 'file:///etc/passwd', 'ws://evil.example/'])(
    'fetches nothing from %s',
    (url) => {
      const answers: boolean[] = [];
      handlers.web!({ url }, ({ cancel }) => answers.push(cancel));
      expect(answers).toEqual([true]);
    },
  );

  test.each([
    pageAddress,
    'screenfold://app/assets/x.js',
    'blob:screenfold://app/1',
    'data:image/png;base64,',
  ])('fetches %s', (url) => {
    expect(mayRequest(url)).toBe(true);
  });
});

describe('the page', () => {
  const listeners = new Map<string, (event: { url: string; preventDefault(): void }) => void>();
  let open: (() => { readonly action: 'deny' }) | null = null;
  hardenContents({
    on: (event: string, listener: (event: { url: string; preventDefault(): void }) => void) =>
      listeners.set(event, listener),
    setWindowOpenHandler: (handler) => (open = handler),
  });

  test.each(['will-navigate', 'will-redirect', 'will-frame-navigate'])('goes nowhere else (%s)', (event) => {
    expect(prevented(listeners.get(event)!, 'https://evil.example/')).toBe(true);
    expect(prevented(listeners.get(event)!, 'file:///etc/passwd')).toBe(true);
    expect(prevented(listeners.get(event)!, `${pageAddress}#/runs`)).toBe(false);
  });

  test('opens no window and embeds no other page', () => {
    expect(open!()).toEqual({ action: 'deny' });
    expect(prevented(listeners.get('will-attach-webview')!)).toBe(true);
  });
});
