import { fork } from 'node:child_process';
import { EventEmitter } from 'node:events';

import type { ForkUtility, UtilityChild } from '../../electron/shell/utility-engine.ts';

const parentPort = new URL('parent-port.ts', import.meta.url).href;

/** Node's own fork in the form of Electron's: a port in place of the channel, and an exit code for every end. */
export const forkAsElectron: ForkUtility = (module, args, { env }) => {
  const child = fork(module, args, {
    serialization: 'advanced',
    silent: true,
    execArgv: ['--import', parentPort],
    env,
  });
  const events = new EventEmitter();
  child.on('message', (message) => events.emit('message', message));
  child.on('spawn', () => events.emit('spawn'));
  child.on('exit', (code, signal) => events.emit('exit', code ?? (signal === 'SIGKILL' ? 9 : 15)));
  return {
    pid: child.pid,
    stdout: child.stdout,
    stderr: child.stderr,
    on: (event: string, listener: (value: never) => void) =>
      events.on(event, listener as (value: unknown) => void),
    postMessage: (message) => child.send(message as object),
    kill: () => child.kill(),
  } satisfies UtilityChild;
};
