import { Failure } from '../failure.ts';
import type { GenerateJob, JobContext, JobResult } from '../jobs.ts';

/** Refuses: this build has no engine for it. */
export function generate(_job: GenerateJob, _context: JobContext): Promise<JobResult> {
  return Promise.reject(
    new Failure(
      'not-in-this-build',
      'This build of Screenfold cannot generate pictures.',
      'Use a complete build.',
    ),
  );
}
