import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { FromEngine, ToEngine } from '../../native/engine/messages.ts';
import { Failure } from '../../native/failure.ts';
import type { Job, JobEvent, JobResult } from '../../native/jobs.ts';

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

const lastLines = 20;

export function startEngine(options: EngineProcessOptions = {}): Engine {
  const entry = options.entry ?? fileURLToPath(new URL('../../native/engine.ts', import.meta.url));
  return {
    run: (job, runOptions) => runInProcess(entry, options.environment ?? process.env, job, runOptions),
  };
}

async function runInProcess<J extends Job>(
  entry: string,
  environment: Readonly<NodeJS.ProcessEnv>,
  job: J,
  { onEvent, onStart, stop, kill, onLog }: RunOptions = {},
): Promise<ResultOf<J>> {
  const child = fork(entry, [], {
    serialization: 'advanced',
    silent: true,
    execArgv: [],
    env: { ...environment },
  });
  const words = keepLastLines([child.stdout, child.stderr], lastLines, onLog);
  // A child that is going away cannot be told anything any more; its end is reported by `close`.
  const tell = (message: ToEngine) => {
    if (child.connected) child.send(message, () => undefined);
  };
  const stopNow = () => {
    tell({ type: 'stop' });
  };
  const killNow = () => child.kill('SIGKILL');

  try {
    return await new Promise<ResultOf<J>>((resolve, reject) => {
      let outcome: (() => void) | null = null;
      child.on('message', (message) => {
        const said = message as FromEngine;
        if (said.type === 'event') onEvent?.(said.event);
        else if (said.type === 'result')
          outcome = () => {
            resolve(said.result as ResultOf<J>);
          };
        else
          outcome = () => {
            reject(new Failure(said.code, said.message, said.hint, said.detail));
          };
      });
      child.on('error', (error) => {
        reject(
          new Failure(
            'engine-not-started',
            `The engine could not be started: ${error.message}`,
            'Install Screenfold again.',
            error,
          ),
        );
      });
      // `close`, not `exit`: only then everything it said and printed has arrived.
      child.on('close', (code, signal) => {
        if (outcome !== null) outcome();
        else if (kill?.aborted === true) reject(killed(job.kind));
        else reject(died(job.kind, code, signal, words()));
      });
      if (child.pid !== undefined) onStart?.(child.pid);
      tell({ type: 'run', job });
      stop?.addEventListener('abort', stopNow);
      kill?.addEventListener('abort', killNow);
      if (stop?.aborted === true) stopNow();
      if (kill?.aborted === true) killNow();
    });
  } finally {
    stop?.removeEventListener('abort', stopNow);
    kill?.removeEventListener('abort', killNow);
  }
}

function keepLastLines(
  streams: readonly (NodeJS.ReadableStream | null)[],
  count: number,
  onLine: ((line: string) => void) | undefined,
): () => readonly string[] {
  const lines: string[] = [];
  const partial = new Map<NodeJS.ReadableStream, string>();
  const push = (line: string) => {
    if (line.trim() === '') return;
    onLine?.(line);
    lines.push(line);
    if (lines.length > count) lines.shift();
  };
  for (const stream of streams) {
    if (stream === null) continue;
    stream.setEncoding('utf8');
    stream.on('data', (chunk: string) => {
      const whole = ((partial.get(stream) ?? '') + chunk).split('\n');
      partial.set(stream, whole.pop() ?? '');
      whole.forEach(push);
    });
  }
  return () => [...lines, ...[...partial.values()].filter((line) => line.trim() !== '')];
}

function killed(kind: Job['kind']): Failure {
  return new Failure('engine-killed', 'The engine was killed on request.', afterwards(kind));
}

function afterwards(kind: Job['kind']): string {
  return kind === 'train'
    ? 'The run can be resumed from its newest saved state.'
    : 'Nothing half-made was kept.';
}

function died(
  kind: Job['kind'],
  code: number | null,
  signal: NodeJS.Signals | null,
  words: readonly string[],
): Failure {
  const how = signal === null ? `exit code ${String(code)}` : `signal ${signal}`;
  const said = words.length === 0 ? '' : ` Its last words:\n${words.map((line) => `  ${line}`).join('\n')}`;
  // The kernel's out-of-memory killer sends SIGKILL; nothing else does uninvited.
  const advice =
    signal === 'SIGKILL'
      ? 'This is how a machine ends a process when memory runs out: use a smaller batch or size, or train a LoRA.'
      : 'If it happens again, report it with the lines above.';
  return new Failure(
    'engine-died',
    `The engine ended without a result (${how}).${said}`,
    `${afterwards(kind)} ${advice}`,
  );
}
