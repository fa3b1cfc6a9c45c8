/** The desktop program: puts Electron's parts and the studio's together. What is decided is decided in `shell/`. */
import { homedir } from 'node:os';
import { join } from 'node:path';

import {
  app,
  BrowserWindow,
  dialog,
  ipcMain,
  Menu,
  MessageChannelMain,
  Notification,
  protocol,
  screen,
  session,
  shell,
  utilityProcess,
} from 'electron';
import updater from 'electron-updater';

import { messageOf } from '../native/failure.ts';
import { findPack } from '../native/runtime/gpu-pack.ts';
import type { Engine } from './engine/engine.ts';
import { chosenLibrary } from './library/library-choice.ts';
import { answerAppRequest } from './shell/app-protocol.ts';
import { readyChannel } from './shell/channels.ts';
import { orderlyClosing } from './shell/closing.ts';
import { desktopSurface } from './shell/desktop-surface.ts';
import { hardenContents, hardenSession } from './shell/harden.ts';
import { menuTemplate } from './shell/menu.ts';
import { pageAddress, pageScheme } from './shell/page-address.ts';
import { answerReady } from './shell/page-channel.ts';
import { hasUpdateSource, libraryArgument, type Places, placesOf } from './shell/places.ts';
import { probeOnce } from './shell/probes.ts';
import { noticeRunEnds, runsOf } from './shell/run-notices.ts';
import { createUpdates } from './shell/updates.ts';
import { type ForkUtility, startUtilityEngine } from './shell/utility-engine.ts';
import { startUtilityPictures } from './shell/utility-pictures.ts';
import { windowOptions } from './shell/window-options.ts';
import { fitWindow, readWindowState, writeWindowState } from './shell/window-state.ts';
import { createStudio, type Studio } from './studio/studio.ts';

async function main(): Promise<void> {
  // Engines can be started from then on, and the studio has one look at the base at once.
  await app.whenReady();
  const surroundings = { platform: process.platform, environment: process.env, home: homedir() };
  const places = placesOf(app.getAppPath(), process.resourcesPath, app.isPackaged);
  const library = libraryArgument(process.argv, process.cwd()) ?? (await chosenLibrary(surroundings));
  const stateFile = join(app.getPath('userData'), 'window.json');
  const fork: ForkUtility = (entry, args, options) => utilityProcess.fork(entry, args, options);

  let opened: Studio | null = null;
  const training = () => opened?.training() ?? false;
  const updates = hasUpdateSource(process.resourcesPath)
    ? createUpdates({
        updater: updater.autoUpdater,
        training,
        onError: (error) => {
          opened?.log.warn('Looking for an update failed', error);
        },
      })
    : null;
  const studio = createStudio({
    libraryFolder: library,
    engine: engineOf(fork, places),
    startPictures: startUtilityPictures(fork, places.pictures),
    version: app.getVersion(),
    resources: places.resources,
    surface: desktopSurface({
      electron: process.versions.electron,
      dialogs: {
        showOpenDialog: (options) => dialog.showOpenDialog(window, options),
        showSaveDialog: (options) => dialog.showSaveDialog(window, options),
      },
      showItemInFolder: (file) => {
        shell.showItemInFolder(file);
      },
      updates,
      surroundings,
    }),
  });
  studio.then(
    (started) => (opened = started),
    // The page is told, and says so.
    () => undefined,
  );

  hardenSession(session.defaultSession);
  const answer = answerAppRequest({
    pageFolder: places.pageFolder,
    media: async (address) => (await studio).media(address),
  });
  protocol.handle(pageScheme.scheme, answer);
  const state = fitWindow(
    readWindowState(stateFile),
    screen.getAllDisplays().map(({ workArea }) => workArea),
  );
  const window = new BrowserWindow(windowOptions(state, places.preload, places.icon));
  void tellRunEnds(studio, window);
  ipcMain.on(
    readyChannel,
    answerReady({
      studio,
      windowId: () => (window.isDestroyed() ? null : window.webContents.id),
      createChannel: () => new MessageChannelMain(),
      onRefused: (address) => {
        opened?.log.warn(`A message from ${address} was refused`);
      },
    }),
  );
  Menu.setApplicationMenu(
    Menu.buildFromTemplate(
      menuTemplate({
        platform: process.platform,
        developing: !app.isPackaged,
        showLibrary: () => void shell.openPath(library),
        showLog: () => void shell.openPath(join(library, 'logs')),
      }),
    ),
  );
  const close = orderlyClosing({
    training,
    ask: async (question) => (await dialog.showMessageBox(window, question)).response,
    closeStudio: async () => opened?.close(),
    quit: () => {
      app.quit();
    },
  });
  window.on('close', (event) => {
    writeWindowState(stateFile, { ...window.getNormalBounds(), maximized: window.isMaximized() });
    close(event);
  });
  app.on('before-quit', close);
  app.on('second-instance', () => {
    bringForward(window);
  });
  window.once('ready-to-show', () => {
    if (state.maximized) window.maximize();
    window.show();
  });
  await window.loadURL(pageAddress);
}

function bringForward(window: BrowserWindow): void {
  if (window.isDestroyed()) return;
  if (window.isMinimized()) window.restore();
  window.focus();
}

async function tellRunEnds(studio: Promise<Studio>, window: BrowserWindow): Promise<void> {
  // A studio that did not open has told the page why.
  const started = await studio.catch(() => null);
  if (started === null || !Notification.isSupported()) return;
  noticeRunEnds({
    subscribe: started.subscribe,
    runs: () => runsOf(started.dispatch),
    isInSight: () => !window.isDestroyed() && window.isFocused(),
    show: (notice) => {
      const shown = new Notification(notice);
      shown.on('click', () => {
        bringForward(window);
      });
      shown.show();
    },
  });
}

/** Engines learn of drivers what was tried before them, and anew where the GPU pack became another or somebody looks again. */
function engineOf(fork: ForkUtility, { engine, probe }: Places): Engine {
  return startUtilityEngine({ fork, entry: engine, ...probeOnce(fork, probe, installedPack) });
}

/** The GPU pack that is there, and whether it is whole. */
function installedPack(): string {
  const pack = findPack();
  return pack === null ? '' : `${pack.folder} ${pack.fault ?? ''}`;
}

protocol.registerSchemesAsPrivileged([pageScheme]);
app.enableSandbox();
app.on('web-contents-created', (_event, contents) => {
  hardenContents(contents);
});
// Not awaited here: Electron is not ready before this module has been evaluated.
if (app.requestSingleInstanceLock()) main().catch(failedToOpen);
else app.quit();

function failedToOpen(error: unknown): void {
  dialog.showErrorBox('Screenfold could not open', messageOf(error));
  app.exit(1);
}
