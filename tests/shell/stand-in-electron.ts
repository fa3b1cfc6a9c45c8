/**
 * Stands in for Electron, so that the built program can be started where Electron is not: a window whose page opens the
 * studio over its port, asks a few things, closes the window, and prints what came of it as one line of JSON.
 * Preloaded by `--import`; answers for the module `electron` from then on.
 */
import { fork } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { registerHooks } from 'node:module';
import { join, resolve as resolvePath } from 'node:path';
import { MessageChannel, type MessagePort } from 'node:worker_threads';

import { createClient } from '../../electron/connection/client.ts';
import { linkOverPort, type PortLike } from '../../electron/connection/links.ts';

const root = resolvePath(import.meta.dirname, '../..');
Object.defineProperty(process, 'resourcesPath', { value: join(root, 'nowhere') });
Object.defineProperty(process.versions, 'electron', { value: '0.0.0' });

const told: Record<string, unknown> = {};
const ipcMain = new EventEmitter();
let handle: (request: { readonly url: string; readonly method: string }) => Promise<Response>;

/** A port of node's channel in the form of Electron's. */
class StandInPort extends EventEmitter {
  readonly #port: MessagePort;

  constructor(port: MessagePort) {
    super();
    this.#port = port;
    port.on('message', (data: unknown) => this.emit('message', { data }));
    port.on('close', () => this.emit('close'));
  }

  postMessage(message: unknown): void {
    this.#port.postMessage(message);
  }

  start(): void {
    this.#port.start();
  }
}

class StandInWindow extends EventEmitter {
  readonly webContents = { id: 1 };
  isDestroyed = () => false;
  isMaximized = () => false;
  getNormalBounds = () => ({ x: 1, y: 2, width: 800, height: 600 });
  show = () => (told.shown = true);

  constructor(options: { readonly webPreferences: object }) {
    super();
    told.webPreferences = options.webPreferences;
  }

  async loadURL(address: string): Promise<void> {
    const response = await handle({ url: address, method: 'GET' });
    told.page = [response.status, (await response.text()).includes('style-nonce')];
    this.emit('ready-to-show');
    const { port1, port2 } = new MessageChannel();
    channels.push(new StandInPort(port1));
    const client = createClient(
      linkOverPort((onPort) => {
        const senderFrame = {
          url: address,
          parent: null,
          postMessage: () => {
            onPort(port2 as unknown as PortLike);
          },
        };
        ipcMain.emit('screenfold:ready', { sender: { id: 1 }, senderFrame });
        return () => undefined;
      }),
    );
    const info = new Promise((resolve) =>
      client.on('changed', ({ subjects }) => {
        if (subjects.includes('system')) resolve(client.call('system.info', {}));
      }),
    );
    told.firstInfo = await client.call('system.info', {});
    told.info = await info;
    let prevented = false;
    this.emit('close', { preventDefault: () => (prevented = true) });
    told.heldOpen = prevented;
  }
}

const channels: StandInPort[] = [];

export const electron = {
  app: Object.assign(new EventEmitter(), {
    isPackaged: false,
    enableSandbox: () => (told.sandboxed = true),
    requestSingleInstanceLock: () => true,
    whenReady: () => Promise.resolve(),
    getAppPath: () => root,
    getPath: () => process.env.STAND_IN_USER_DATA!,
    getVersion: () => '9.9.9',
    quit: () => {
      console.log(JSON.stringify(told));
      process.exit(0);
    },
    exit: (code: number) => process.exit(code),
  }),
  BrowserWindow: StandInWindow,
  dialog: {
    showErrorBox: (title: string, message: string) => {
      console.error(title, message);
    },
  },
  ipcMain,
  Notification: { isSupported: () => false },
  Menu: { buildFromTemplate: (template: unknown) => template, setApplicationMenu: () => undefined },
  MessageChannelMain: class {
    readonly port1 = channels.pop();
    readonly port2 = null;
  },
  protocol: {
    registerSchemesAsPrivileged: (schemes: unknown) => (told.schemes = schemes),
    handle: (_scheme: string, handler: typeof handle) => (handle = handler),
  },
  screen: { getAllDisplays: () => [{ workArea: { x: 0, y: 0, width: 1920, height: 1080 } }] },
  session: {
    defaultSession: {
      setPermissionRequestHandler: () => undefined,
      setPermissionCheckHandler: () => undefined,
      setDevicePermissionHandler: () => undefined,
      on: () => undefined,
      webRequest: { onBeforeRequest: () => (told.guarded = true) },
    },
  },
  shell: { showItemInFolder: () => undefined, openPath: () => Promise.resolve('') },
  utilityProcess: {
    fork: (entry: string, args: string[], { env }: { readonly env: NodeJS.ProcessEnv }) => {
      const child = fork(entry, args, {
        serialization: 'advanced',
        silent: true,
        execArgv: ['--import', new URL('parent-port.ts', import.meta.url).href],
        env,
      });
      const events = new EventEmitter();
      child.on('message', (message) => events.emit('message', message));
      child.on('spawn', () => events.emit('spawn'));
      child.on('exit', (code) => events.emit('exit', code ?? 9));
      return Object.assign(events, {
        pid: child.pid,
        stdout: child.stdout,
        stderr: child.stderr,
        postMessage: (message: object) => child.send(message, () => undefined),
        kill: () => child.kill(),
      });
    },
  },
};

(globalThis as { standInElectron?: typeof electron }).standInElectron = electron;
const names = Object.keys(electron);
const source = `const electron = globalThis.standInElectron; export default electron;
${names.map((name) => `export const ${name} = electron.${name};`).join('\n')}`;

registerHooks({
  resolve: (specifier, context, next) =>
    specifier === 'electron' ? { url: 'stand-in:electron', shortCircuit: true } : next(specifier, context),
  load: (url, context, next) =>
    url === 'stand-in:electron' ? { format: 'module', source, shortCircuit: true } : next(url, context),
});
