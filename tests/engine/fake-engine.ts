/** An engine process whose jobs do what a test needs of them, told by the first picture's prompt. */
import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

import { beEngineProcess } from '../../native/engine/process.ts';
import { Failure } from '../../native/failure.ts';
import type { JobContext, JobResult } from '../../native/jobs.ts';

async function untilStopped({ stop }: JobContext): Promise<void> {
  while (!stop.aborted) await sleep(5);
}

const behaviours: Readonly<Record<string, (context: JobContext, output: string) => Promise<JobResult>>> = {
  finish: (context, output) => {
    context.emit({
      type: 'step',
      epoch: 1,
      step: 1,
      totalSteps: 1,
      loss: NaN,
      gradientNorm: 0,
      learningRate: 1,
      seconds: 1,
      images: 1,
    });
    context.emit({ type: 'picture', index: 0, output });
    return Promise.resolve({ kind: 'generate', pictures: 1, seconds: 2 });
  },
  fail: () =>
    Promise.reject(new Failure('safetensors-truncated', 'a.safetensors is cut off.', 'Download it again.')),
  throw: () => Promise.reject(new TypeError('x is not a function')),
  'throw elsewhere': async (context) => {
    setTimeout(() => {
      throw new RangeError('offset is out of bounds');
    }, 1);
    await untilStopped(context);
    return { kind: 'generate', pictures: 0, seconds: 0 };
  },
  exit: () => {
    process.stdout.write('loading the model\n');
    process.stderr.write('[E:onnxruntime] Failed to allocate memory\nterminate called');
    process.exitCode = 3;
    process.exit();
  },
  'be killed': async () => {
    process.kill(process.pid, 'SIGKILL');
    await sleep(60_000);
    throw new Error('still alive');
  },
  'wait for stop': async (context, output) => {
    context.emit({ type: 'note', message: 'waiting' });
    await untilStopped(context);
    writeFileSync(output, 'stopped');
    return { kind: 'generate', pictures: 7, seconds: 0 };
  },
  'never stop': async (context) => {
    context.emit({ type: 'note', message: 'deaf' });
    await sleep(60_000);
    throw new Error('still alive');
  },
};

await beEngineProcess((job, context) => {
  if (job.kind !== 'generate') throw new Error('The fake engine knows pictures only.');
  const picture = job.pictures[0];
  if (picture === undefined) throw new Error('The fake engine wants one picture.');
  const behaviour = behaviours[picture.prompt];
  if (behaviour === undefined) throw new Error(`The fake engine does not know "${picture.prompt}".`);
  return behaviour(context, picture.output);
});
