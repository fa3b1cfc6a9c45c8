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
  /** Has drivers tried anew before the next job. Left out where each job's process tries them itself. */
  readonly forgetDrivers?: () => void;
}
