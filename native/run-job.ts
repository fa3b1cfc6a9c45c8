import { exportModel } from './export.ts';
import { info } from './info.ts';
import type { Job, JobContext, JobResult } from './jobs.ts';
import { generate } from './sampling/generate.ts';
import { train } from './training/train.ts';

/** Everything the engine can be asked to do, each in the file named after it. */
export function runJob(job: Job, context: JobContext): Promise<JobResult> {
  switch (job.kind) {
    case 'train':
      return train(job, context);
    case 'generate':
      return generate(job, context);
    case 'export':
      return exportModel(job, context);
    case 'info':
      return info(job, context);
  }
}
