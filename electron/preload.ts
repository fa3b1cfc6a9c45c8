/** Runs isolated beside the page, before it: hands it one message port, and where dropped files lie. */
import { contextBridge, ipcRenderer, webUtils } from 'electron';

import { type DesktopBridge, portMessage } from './connection/desktop.ts';
import { portChannel, readyChannel } from './shell/channels.ts';

/** The part of the page's window that is used; this project's types know no page on this side. */
declare const window: {
  readonly location: { readonly origin: string };
  postMessage(message: unknown, targetOrigin: string, transfer: readonly unknown[]): void;
};

const bridge: DesktopBridge = {
  ready: () => {
    ipcRenderer.send(readyChannel);
  },
  pathOf: (file) => webUtils.getPathForFile(file),
};

ipcRenderer.on(portChannel, ({ ports }) => {
  window.postMessage(portMessage, window.location.origin, ports);
});
contextBridge.exposeInMainWorld('screenfoldDesktop', bridge);
