import { Failure } from '../failure.ts';
import type { ExportJob, JobContext, JobResult } from '../jobs.ts';

/** Refuses: this build has no engine for it. */
export function exportModel(_job: ExportJob, _context: JobContext): Promise<JobResult> {
  return Promise.reject(
    new Failure(
      'not-in-this-build',
      'This build of Screenfold cannot export models.',
      'Use a complete build.',
    ),
  );
}
