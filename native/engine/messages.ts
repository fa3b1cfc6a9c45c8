/** What crosses the channel between the engine process and whoever started it; cloned as structured data. */
import type { Job, JobEvent, JobResult } from '../jobs.ts';

export type ToEngine =
  /** The one job of this process; a second is refused. */
  | { readonly type: 'run'; readonly job: Job }
  /** Stop at the next step boundary, with what is on disk whole. */
  | { readonly type: 'stop' }
  /** The job's end has arrived; where a channel cannot tell by itself, the process waits for this before it goes. */
  | { readonly type: 'received' };

/** An error that left its process: enough to make a `Failure` of it again. */
export interface FailureMessage {
  readonly type: 'failure';
  readonly code: string;
  readonly message: string;
  readonly hint: string;
  /** Stack and causes, for whoever asks for them. */
  readonly detail: string;
}

export type FromEngine =
  | { readonly type: 'event'; readonly event: JobEvent }
  | { readonly type: 'result'; readonly result: JobResult }
  | FailureMessage;
