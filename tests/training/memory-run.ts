/**
 * Trains the job of 200 steps that is sent to it, and answers with the process's resident memory in bytes after each of
 * steps 21 to 30 and 191 to 200. Garbage is collected after every step, so that how much room the collector keeps in
 * reserve is the same early and late. Started with `--expose-gc`.
 */
import type { JobEvent, TrainJob } from '../../native/jobs.ts';
import { generateOn } from '../../native/sampling/generate.ts';
import { train } from '../../native/training/train.ts';

process.once('message', (job: TrainJob) => {
  const resident: Record<'early' | 'late', number[]> = { early: [], late: [] };
  const emit = (event: JobEvent): void => {
    if (event.type !== 'step') return;
    globalThis.gc!();
    if ((event.step - 1) % 170 < 20 || (event.step - 1) % 170 >= 30) return;
    resident[event.step < 100 ? 'early' : 'late'].push(process.memoryUsage.rss());
  };
  void train(job, { emit, stop: new AbortController().signal }, generateOn).then(() => {
    process.send!(resident, () => process.exit(0));
  });
});
