import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import type { FromEngine } from '../../native/engine/messages.ts';
import { killProcess } from '../../native/runtime/kill-process.ts';
import type { Engine } from './engine.ts';
import { type EngineChild, superviseEngine } from './supervise-engine.ts';

export interface EngineProcessOptions {
  /** The module to run; by default this project's engine. It speaks the messages of `native/engine/messages.ts`. */
  readonly entry?: string;
  readonly environment?: Readonly<NodeJS.ProcessEnv>;
}

export function startEngine(options: EngineProcessOptions = {}): Engine {
  const entry = options.entry ?? fileURLToPath(new URL('../../native/engine.ts', import.meta.url));
  return {
    run: (job, runOptions) =>
      superviseEngine(forkEngine(entry, options.environment ?? process.env), job, runOptions),
  };
}

function forkEngine(entry: string, environment: Readonly<NodeJS.ProcessEnv>): EngineChild {
  const child = fork(entry, [], {
    serialization: 'advanced',
    silent: true,
    execArgv: [],
    env: { ...environment },
  });
  return {
    // Of a process that could not be started, as where no more files may be open, there are none.
    outputs: [child.stdout ?? null, child.stderr ?? null],
    // A child that is going away cannot be told anything any more; its end is reported by `close`.
    tell: (message) => {
      if (child.connected) child.send(message, () => undefined);
    },
    killNow: () => {
      killProcess(child);
    },
    onMessage: (listener) => {
      child.on('message', (message) => {
        listener(message as FromEngine);
      });
    },
    onStarted: (listener) => {
      if (child.pid !== undefined) listener(child.pid);
    },
    onNotStarted: (listener) => child.on('error', listener),
    // `close`, not `exit`: only then everything it said and printed has arrived.
    onEnd: (listener) => child.on('close', listener),
  };
}
