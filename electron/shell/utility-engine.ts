import type { FromEngine } from '../../native/engine/messages.ts';
import type { Engine } from '../engine/engine.ts';
import { type EngineChild, superviseEngine } from '../engine/supervise-engine.ts';
import { endOf } from './stream-end.ts';

/** The part of Electron's `UtilityProcess` that is used. */
export interface UtilityChild {
  readonly pid: number | undefined;
  readonly stdout: NodeJS.ReadableStream | null;
  readonly stderr: NodeJS.ReadableStream | null;
  on(event: 'message', listener: (message: unknown) => void): unknown;
  /** `error` is V8's, when it ends the process; `exit` follows. */
  on(event: 'spawn' | 'error', listener: () => void): unknown;
  on(event: 'exit', listener: (code: number) => void): unknown;
  postMessage(message: unknown): void;
  kill(): boolean;
}

/** `utilityProcess.fork`. */
export type ForkUtility = (
  entry: string,
  args: string[],
  options: { stdio: 'pipe'; serviceName: string; env: NodeJS.ProcessEnv },
) => UtilityChild;

export interface UtilityEngineDependencies {
  readonly fork: ForkUtility;
  /** The built engine. */
  readonly entry: string;
  /** What the engine's environment has besides this program's own. */
  readonly environment: () => Promise<Readonly<NodeJS.ProcessEnv>>;
  readonly forgetDrivers?: () => void;
  /** Ends a process at once. */
  readonly killProcess?: (pid: number) => void;
}

/** The engine in processes of Electron's own kind, which need no Node beside it and no way to be one. */
export function startUtilityEngine({
  fork,
  entry,
  environment,
  forgetDrivers,
  killProcess = (pid) => process.kill(pid, 'SIGKILL'),
}: UtilityEngineDependencies): Engine {
  return {
    ...(forgetDrivers !== undefined && { forgetDrivers }),
    run: async (job, options) => {
      const env = { ...process.env, ...(await environment()) };
      const child = fork(entry, [], { stdio: 'pipe', serviceName: 'Screenfold engine', env });
      return superviseEngine(engineChild(child, killProcess), job, options);
    },
  };
}

function engineChild(child: UtilityChild, killProcess: (pid: number) => void): EngineChild {
  let gone = false;
  let killed = false;
  const ended = new Promise<number>((resolve) => {
    child.on('exit', (code) => {
      gone = true;
      resolve(code);
    });
  });
  // Unheard, it would end this process too; what happened is told when the child has ended.
  child.on('error', () => undefined);
  const outputs = [child.stdout, child.stderr];
  const printed = Promise.all(outputs.map(endOf));
  return {
    outputs,
    tell: (message) => {
      if (!gone) child.postMessage(message);
    },
    // Its own `kill` asks politely, which a process stuck in native code does not hear.
    killNow: () => {
      killed = true;
      if (child.pid === undefined) child.kill();
      else if (!gone) killProcess(child.pid);
    },
    onMessage: (listener) => {
      child.on('message', (message) => {
        listener(message as FromEngine);
      });
    },
    onStarted: (listener) => {
      child.on('spawn', () => {
        if (child.pid === undefined) return;
        listener(child.pid);
        if (killed) killProcess(child.pid);
      });
    },
    // Electron tells of a process that cannot start by its exit alone.
    onNotStarted: () => undefined,
    onEnd: (listener) => {
      void Promise.all([ended, printed]).then(([code]) => {
        listener(code, signalOf(code));
      });
    },
  };
}

/** Electron gives the raw wait status where a signal ended the process, and no signal beside it. */
function signalOf(code: number): NodeJS.Signals | null {
  return code === 9 || code === 137 ? 'SIGKILL' : null;
}
