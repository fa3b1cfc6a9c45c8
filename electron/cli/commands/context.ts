import { Failure } from '../../../native/failure.ts';
import type { Job } from '../../../native/jobs.ts';
import type { Engine, ResultOf } from '../../engine/engine.ts';
import { withInterrupts } from '../interrupts.ts';
import type { FollowedJob, Terminal } from '../terminal.ts';

/** What every command is given. */
export interface CommandContext {
  readonly engine: Engine;
  readonly terminal: Terminal;
  readonly workingFolder: string;
  /** Of the user, where a run names none of its own. */
  readonly cacheFolder: string;
  /** Says how the sample is trained over the base that comes with it. */
  readonly sampleRunFile?: string;
  /** For provenance: `Screenfold 0.1.0`. */
  readonly software: string;
}

export const exitCodes = { ok: 0, failure: 1, usage: 2, interrupted: 130 } as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

export interface JobEnd<J extends Job> {
  readonly result: ResultOf<J>;
  readonly interrupted: boolean;
}

/** Runs a job on the engine, showing its progress; the first interruption stops it, the second kills it. */
export async function runJobInTerminal<J extends Job>(
  { engine, terminal }: CommandContext,
  job: J,
  followed: FollowedJob = {},
): Promise<JobEnd<J>> {
  const follower = terminal.follow(followed);
  const onStop = () => {
    terminal.warn('Stopping after this step … (press Ctrl-C again to stop at once)');
  };
  try {
    return await withInterrupts(onStop, async ({ stop, kill }) => {
      const result = await engine.run(job, {
        onEvent: follower.event,
        onLog: terminal.log,
        stop,
        kill,
      });
      return { result, interrupted: stop.aborted };
    });
  } finally {
    follower.end();
  }
}

export function usage(message: string, hint: string): Failure {
  return new Failure('usage', message, hint);
}
