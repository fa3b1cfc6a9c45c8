/** Entry of the engine process. */
import { beEngineProcess } from './engine/process.ts';

// What computes is loaded only once signals are heard: loading takes longer than a service manager may wait.
await beEngineProcess(async (job, context) => (await import('./run-job.ts')).runJob(job, context));
