import { Failure } from './failure.ts';
import type { InfoJob, JobContext, JobResult } from './jobs.ts';

/** Refuses: this build has no engine for it. */
export function info(_job: InfoJob, _context: JobContext): Promise<JobResult> {
  return Promise.reject(
    new Failure(
      'not-in-this-build',
      'This build of Screenfold cannot describe machines or models.',
      'Use a complete build.',
    ),
  );
}
