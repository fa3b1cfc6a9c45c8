/** Entry of the engine process. */
import { beEngineProcess } from './engine/process.ts';
import { runJob } from './run-job.ts';

await beEngineProcess(runJob);
