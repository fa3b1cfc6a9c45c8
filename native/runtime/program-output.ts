import { execFile } from 'node:child_process';

export interface ProgramOutput {
  /** What it wrote, however it ended; nothing where it could not be started. */
  readonly printed: string;
  readonly timedOut: boolean;
  /** How it ended otherwise than well: `SIGSEGV`, `exit code 9`, `ENOENT`; null where it ended well. */
  readonly how: string | null;
}

/** After this a process that was killed is not waited for, in milliseconds: one that waits for a driver may never end. */
const patience = 1000;

/** Runs a program that may hang, for so many milliseconds at most. What it would take from its input is nothing. */
export function outputOf(command: string, args: readonly string[], timeout: number): Promise<ProgramOutput> {
  return new Promise((resolve) => {
    const child = execFile(command, args, { timeout, killSignal: 'SIGKILL' }, (error, printed) => {
      clearTimeout(late);
      const timedOut = error?.killed === true && error.code !== 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER';
      const { signal, code } = error ?? {};
      const how = error === null ? null : (signal ?? (typeof code === 'number' ? `exit code ${code}` : code));
      resolve({ printed, timedOut, how: how ?? null });
    });
    child.stdin?.on('error', () => undefined).end();
    const late = setTimeout(() => {
      for (const stream of child.stdio) stream?.destroy();
      child.unref();
      resolve({ printed: '', timedOut: true, how: null });
    }, timeout + patience);
  });
}
