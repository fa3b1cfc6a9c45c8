import type { FromEngine, ToEngine } from '../../native/engine/messages.ts';
import { Failure } from '../../native/failure.ts';
import type { Job } from '../../native/jobs.ts';
import type { ResultOf, RunOptions } from './engine.ts';
import { memoryHint } from './memory-hint.ts';

/** A process with an engine in it, whatever started it. */
export interface EngineChild {
  /** Its outputs, which are log and nothing else. */
  readonly outputs: readonly (NodeJS.ReadableStream | null)[];
  /** Nothing happens where it is gone already. */
  readonly tell: (message: ToEngine) => void;
  readonly killNow: () => void;
  readonly onMessage: (listener: (message: FromEngine) => void) => void;
  readonly onStarted: (listener: (pid: number) => void) => void;
  readonly onNotStarted: (listener: (error: Error) => void) => void;
  /** Called once, when all it said and printed has arrived. */
  readonly onEnd: (listener: (code: number | null, signal: NodeJS.Signals | null) => void) => void;
}

const lastLines = 20;

/** Has a fresh engine do one job; see `Engine.run`. */
export async function superviseEngine<J extends Job>(
  child: EngineChild,
  job: J,
  { onEvent, onStart, stop, kill, onLog }: RunOptions = {},
): Promise<ResultOf<J>> {
  const words = keepLastLines(child.outputs, lastLines, onLog);
  const stopNow = () => {
    child.tell({ type: 'stop' });
  };
  try {
    return await new Promise<ResultOf<J>>((resolve, reject) => {
      let outcome: (() => void) | null = null;
      child.onMessage((said) => {
        if (said.type === 'event') {
          try {
            onEvent?.(said.event);
          } catch (error) {
            // Whoever asked for the job cannot go on with it; thrown here, it would end this whole process.
            outcome = () => {
              reject(error instanceof Error ? error : new Error(String(error)));
            };
            child.killNow();
          }
          return;
        }
        if (outcome !== null) return;
        outcome = () => {
          if (said.type === 'result') resolve(said.result as ResultOf<J>);
          else reject(new Failure(said.code, said.message, hintOf(said, job), said.detail));
        };
        child.tell({ type: 'received' });
      });
      child.onNotStarted((error) => {
        reject(
          new Failure(
            'engine-not-started',
            `The engine could not be started: ${error.message}`,
            isScarce(error)
              ? 'The machine is short of memory, processes or open files: close other programs and try again.'
              : 'Install Screenfold again.',
            error,
          ),
        );
      });
      child.onEnd((code, signal) => {
        if (outcome !== null) outcome();
        else if (kill?.aborted === true) reject(killed(job.kind));
        else if (isRequest(signal)) reject(endedBy(signal, job.kind));
        else reject(died(job, code, signal, words()));
      });
      child.onStarted((pid) => onStart?.(pid));
      child.tell({ type: 'run', job });
      stop?.addEventListener('abort', stopNow);
      kill?.addEventListener('abort', child.killNow);
      if (stop?.aborted === true) stopNow();
      if (kill?.aborted === true) child.killNow();
    });
  } finally {
    stop?.removeEventListener('abort', stopNow);
    kill?.removeEventListener('abort', child.killNow);
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
    // Its end is told by the process's own; what it would have said is lost.
    stream.on('error', () => undefined);
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

function isScarce(error: Error): boolean {
  return 'code' in error && ['EMFILE', 'ENFILE', 'EAGAIN', 'ENOMEM'].includes(String(error.code));
}

/** What service managers and terminals send to all processes of a program at once, this one included. */
function isRequest(signal: NodeJS.Signals | null): signal is 'SIGTERM' | 'SIGINT' | 'SIGHUP' {
  return signal === 'SIGTERM' || signal === 'SIGINT' || signal === 'SIGHUP';
}

/** An engine hears such signals as a wish to stop as soon as it can hear; one that died of it had not begun. */
function endedBy(signal: NodeJS.Signals, kind: Job['kind']): Failure {
  return new Failure(
    'engine-killed',
    `The engine was ended by ${signal} before it had begun.`,
    afterwards(kind),
  );
}

function afterwards(kind: Job['kind']): string {
  return kind === 'train' ? 'What was saved of the run is kept.' : 'Nothing half-made was kept.';
}

/** The engine says that memory ran out as whatever lacked it knows; here it is known what the job could do without. */
function hintOf({ code, hint }: { readonly code: string; readonly hint: string }, job: Job): string {
  return code === 'out-of-memory' ? memoryHint(job) : hint;
}

function died(
  job: Job,
  code: number | null,
  signal: NodeJS.Signals | null,
  words: readonly string[],
): Failure {
  const said =
    words.length === 0 ? '' : ` The last lines it wrote:\n${words.map((line) => `  ${line}`).join('\n')}`;
  // The kernel's out-of-memory killer sends SIGKILL; nothing else does uninvited.
  if (signal === 'SIGKILL') {
    return new Failure(
      'engine-died',
      `The system ended the engine (${signal}), as it does when memory runs out.${said}`,
      `${afterwards(job.kind)} ${memoryHint(job)}`,
    );
  }
  const how = signal === null ? `exit code ${String(code)}` : `signal ${signal}`;
  return new Failure(
    'engine-died',
    `The engine ended without a result (${how}).${said}`,
    `${afterwards(job.kind)} If it happens again, report it with the lines above.`,
  );
}
