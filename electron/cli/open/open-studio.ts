import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve as resolvePath } from 'node:path';

import { Failure } from '../../../native/failure.ts';
import { asFailure } from '../../../native/files/as-failure.ts';
import type { Engine } from '../../engine/engine.ts';
import { startWebHost, type WebHost } from '../../hosts/web.ts';
import { chosenLibrary, rememberLibrary } from '../../library/library-choice.ts';
import type { Surroundings } from '../../library/user-folders.ts';
import { resourcesOf } from '../../studio/domains.ts';
import { createStudio } from '../../studio/studio.ts';
import { type ExitCode, exitCodes } from '../commands/context.ts';
import { withInterrupts } from '../interrupts.ts';
import type { Terminal } from '../terminal.ts';
import { type Built, ensureBuilt } from './built-files.ts';
import { chooseHost, type HostChoice, openingText } from './choose-host.ts';
import { electronProgram, fetchElectron } from './electron-program.ts';
import { keptSession } from './kept-session.ts';
import { browserOpener, openBrowser } from './open-browser.ts';

export interface StudioFlags {
  /** Left out: a fixed one, or any where that is taken. */
  readonly port?: number;
  readonly open: boolean;
  readonly library?: string;
  readonly browser: boolean;
}

export interface StudioLauncher {
  /** Where Screenfold's own files lie. */
  readonly root: string;
  readonly surroundings: Surroundings;
  readonly workingFolder: string;
  readonly version: string;
  readonly engine: Engine;
  readonly terminal: Terminal;
}

const usualPort = 8420;

/** Opens the studio in its window or in the browser, saying which and why; resolves when it has been closed. */
export async function openStudio(launcher: StudioLauncher, flags: StudioFlags): Promise<ExitCode> {
  const { root, terminal, surroundings, workingFolder } = launcher;
  const library =
    flags.library === undefined
      ? await chosenLibrary(surroundings)
      : resolvePath(workingFolder, flags.library);
  const choice = await settle(launcher, flags);
  if (choice.kind === 'desktop') {
    await prepare(launcher, ['renderer', 'desktop']);
    terminal.line('Opening Screenfold in its window.');
    return runElectron(choice.electron, root, library);
  }
  terminal.line(openingText(choice.why, flags.open));
  await prepare(launcher, ['renderer']);
  return runWebHost(launcher, flags, library);
}

type Settled = Exclude<HostChoice, { readonly kind: 'fetch-electron' }>;

async function settle(
  { root, surroundings, terminal }: StudioLauncher,
  flags: StudioFlags,
): Promise<Settled> {
  const { platform, environment } = surroundings;
  const look = () =>
    chooseHost({
      platform,
      environment,
      userId: process.getuid?.() ?? null,
      electron: electronProgram(root, environment),
      wantsBrowser: flags.browser || flags.port !== undefined,
    });
  const first = look();
  if (first.kind !== 'fetch-electron') return first;
  terminal.line('Fetching Electron, which shows the window (once, about 110 MB) …');
  await fetchElectron(root);
  const second = look();
  if (second.kind !== 'fetch-electron') return second;
  return { kind: 'browser', why: 'Electron, which shows the window, could not be fetched' };
}

async function prepare({ root, terminal }: StudioLauncher, wanted: readonly Built[]): Promise<void> {
  for (const built of wanted) {
    await ensureBuilt(root, built, {
      onBuild: () => {
        terminal.line(`Building the ${built === 'renderer' ? 'page' : 'window'} (once) …`);
      },
      onLine: terminal.log,
    });
  }
}

function runElectron(electron: string, root: string, library: string): Promise<ExitCode> {
  const child = spawn(electron, [root, `--library=${library}`], { stdio: 'inherit' });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      resolve(code === 0 ? exitCodes.ok : exitCodes.failure);
    });
  });
}

async function runWebHost(launcher: StudioLauncher, flags: StudioFlags, library: string): Promise<ExitCode> {
  const { terminal, surroundings, root } = launcher;
  const studio = createStudio({
    libraryFolder: library,
    engine: launcher.engine,
    version: launcher.version,
    resources: resourcesOf(join(root, 'resources')),
    checkOutput: surroundings.environment.NODE_ENV === 'development',
    surface: {
      host: 'web',
      electron: null,
      pick: null,
      reveal: null,
      updates: null,
      rememberLibraryFolder: (folder) => rememberLibrary(surroundings, folder),
    },
  });
  // Told to whoever started it too, and not to the page alone.
  studio.catch((error: unknown) => {
    const { message, hint } = asFailure(error, 'internal');
    terminal.warn(message);
    if (hint !== '') terminal.warn(hint);
  });
  const host = await startHost(
    studio,
    join(root, 'dist', 'renderer'),
    flags.port,
    await keptSession(surroundings),
  );
  const opener = flags.open
    ? browserOpener(host.ticket(), surroundings.platform, surroundings.environment)
    : null;
  terminal.object({ address: host.address, library });
  for (const line of ['', `  ${host.address}`, '', `The library is ${library}. Ctrl-C ends Screenfold.`])
    terminal.line(line);
  if (opener !== null) openBrowser(opener);
  await withInterrupts(
    () => {
      terminal.line('Closing …');
    },
    ({ stop, kill }) => closeWhenStopped(host, studio, stop, kill),
  );
  return exitCodes.ok;
}

async function startHost(
  studio: ReturnType<typeof createStudio>,
  pageFolder: string,
  port: number | undefined,
  session: string | undefined,
): Promise<WebHost> {
  const onError = (error: Error) => {
    studio.then(
      ({ log }) => {
        log.warn('the web host could not take a connection', error);
      },
      () => undefined,
    );
  };
  if (!existsSync(pageFolder)) throw new Error(`${pageFolder} is not there`);
  const served = { studio, pageFolder, onError, ...(session === undefined ? {} : { session }) };
  try {
    return await startWebHost({ ...served, port: port ?? usualPort });
  } catch (error) {
    const mayBeAnother = port === undefined && error instanceof Failure && error.code === 'port-taken';
    if (!mayBeAnother) throw error;
    return startWebHost({ ...served, port: 0 });
  }
}

async function closeWhenStopped(
  host: WebHost,
  studio: ReturnType<typeof createStudio>,
  stop: AbortSignal,
  kill: AbortSignal,
): Promise<void> {
  await new Promise((resolve) => {
    stop.addEventListener('abort', resolve);
  });
  const closed = async () => {
    await host.close();
    await studio.then(
      (started) => started.close(),
      () => undefined,
    );
  };
  const killed = new Promise((resolve) => {
    kill.addEventListener('abort', resolve);
  });
  await Promise.race([closed(), killed]);
}
