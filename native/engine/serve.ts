import { inspect } from 'node:util';

import { messageOf } from '../failure.ts';
import { expectedFailure } from '../files/as-failure.ts';
import type { Job, JobContext, JobResult } from '../jobs.ts';
import type { FailureMessage, FromEngine, ToEngine } from './messages.ts';

/** The engine's end of the channel to its parent, whatever carries it. */
export interface ParentPort {
  /** Resolves once the message has left this process, or cannot any more because the parent is gone. */
  readonly send: (message: FromEngine) => Promise<void>;
  readonly onMessage: (listener: (message: ToEngine) => void) => void;
  /** Called once when the parent is gone. */
  readonly onClosed: (listener: () => void) => void;
}

export type RunJob = (job: Job, context: JobContext) => Promise<JobResult>;

/**
 * Takes one job from the port, runs it and sends its result or its failure; resolves when that has been sent.
 * A parent that disappears counts as a wish to stop, so the job ends at its next step boundary with a saved state.
 * Resolves also, with nothing run, where the parent disappears before it asked for anything.
 */
export async function serve(port: ParentPort, runJob: RunJob): Promise<void> {
  const stop = new AbortController();
  const job = await new Promise<Job | null>((resolve) => {
    port.onMessage((message) => {
      if (message.type === 'run') resolve(message.job);
      else if (message.type === 'stop') stop.abort();
    });
    port.onClosed(() => {
      stop.abort();
      resolve(null);
    });
  });
  if (job === null) return;

  const context: JobContext = {
    emit: (event) => void port.send({ type: 'event', event }),
    stop: stop.signal,
  };
  try {
    const result = await runJob(job, context);
    await port.send({ type: 'result', result });
  } catch (error) {
    await port.send(failureMessage(error));
  }
}

/** What is sent of an error; one that is no `Failure` is a fault of the program and says so. */
export function failureMessage(error: unknown): FailureMessage {
  const detail = inspect(error);
  const failure = expectedFailure(error);
  if (failure !== null) {
    const { code, message, hint } = failure;
    return { type: 'failure', code, message, hint, detail };
  }
  return {
    type: 'failure',
    code: 'engine-fault',
    message: `The engine failed: ${messageOf(error)}`,
    hint: 'This is a fault in Screenfold. Run the command again with --verbose and report what it prints.',
    detail,
  };
}
