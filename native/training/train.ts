import { Failure } from '../failure.ts';
import type { TrainJob, JobContext, JobResult } from '../jobs.ts';

/** Refuses: this build has no engine for it. */
export function train(_job: TrainJob, _context: JobContext): Promise<JobResult> {
  return Promise.reject(
    new Failure('not-in-this-build', 'This build of Screenfold cannot train.', 'Use a complete build.'),
  );
}
