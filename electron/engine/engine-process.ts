import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import type { FromEngine } from '../../native/engine/messages.ts';
import type { Job, JobEvent, JobResult } from '../../native/jobs.ts';
import { type EngineChild, superviseEngine } from './supervise-engine.ts';

export type ResultOf<J extends Job> = Extract<JobResult, { readonly kind: J['kind'] }>;

export interface RunOptions {
  readonly onEvent?: (event: JobEvent) => void;
  /** Aborted: the job is asked to stop at its next step boundary. */
  readonly stop?: AbortSignal;
  /** Aborted: the process is killed at once; what is on disk stays whole, work since the last state is lost. */
  readonly kill?: AbortSignal;
  /** The engine's process has begun. */
  readonly onStart?: (pid: number) => void;
  /** Every line the engine prints, which is log and nothing else. */
  readonly onLog?: (line: string) => void;
}

/** Runs jobs, each in a process of its own, so that a crash or a full memory ends that job and nothing else. */
export interface Engine {
  /**
   * Throws the job's own `Failure`; `engine-died` with how it ended and its last words where the process went
   * away without a result; `engine-killed` where `kill` ended it.
   */
  readonly run: <J extends Job>(job: J, options?: RunOptions) => Promise<ResultOf<J>>;
}

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
    killNow: () => child.kill('SIGKILL'),
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
