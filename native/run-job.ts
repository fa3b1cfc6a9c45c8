import { join } from 'node:path';

import { captionPictures } from './captioning/caption-pictures.ts';
import { examine } from './doctor.ts';
import { exportModel } from './export.ts';
import { Failure } from './failure.ts';
import { makeFolder } from './files/atomic-file.ts';
import { lockFile } from './files/process-lock.ts';
import { info } from './info.ts';
import { engineLock, type Job, type JobContext, type JobResult } from './jobs.ts';
import { compareLikeness } from './likeness/likeness.ts';
import { nvidiaGpus } from './runtime/nvidia-smi.ts';
import { generate, generateOn } from './sampling/generate.ts';
import { train } from './training/train.ts';

/** Everything the engine can be asked to do, each in the file named after it. */
export function runJob(job: Job, context: JobContext): Promise<JobResult> {
  switch (job.kind) {
    case 'train':
      return aloneIn(job.folder, () => train(job, context, generateOn));
    case 'generate':
      return generate(job, context);
    case 'export':
      return exportModel(job, context);
    case 'caption':
      return captionPictures(job, context);
    case 'info':
      return info(job, context);
    case 'doctor':
      return examine(job, context);
    case 'likeness':
      return compareLikeness(job, context);
    case 'gpus':
      return nvidiaGpus().then((gpus) => ({ kind: 'gpus', gpus }));
  }
}

/** Two engines would mix their states in the folder of a run. */
async function aloneIn<T>(folder: string, work: () => Promise<T>): Promise<T> {
  await makeFolder(folder);
  const release = lockFile(join(folder, engineLock));
  if (release === null) {
    throw new Failure(
      'run-busy',
      `The run in ${folder} is being trained by another engine.`,
      'Wait for it, or stop it.',
    );
  }
  try {
    return await work();
  } finally {
    release();
  }
}
