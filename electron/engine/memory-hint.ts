import type { Job, TrainJob } from '../../native/jobs.ts';
import { type MemorySaving, memorySavings } from '../../native/training/memory-savings.ts';

const savingTexts: Readonly<Record<MemorySaving, (job: TrainJob) => string>> = {
  'batch of one': ({ settings }) =>
    `a batch size of 1 and gradients accumulated over ${settings.batchSize * settings.gradientAccumulation} batches`,
  'AdamW in 8 bits': () => 'the optimizer “AdamW, 8-bit”',
  'fused backward pass': () => 'a fused backward pass',
  LoRA: () => 'a LoRA instead of full finetuning',
};

/** What to do about a job that memory did not suffice for: of a training, what of its own settings takes less. */
export function memoryHint(job: Job): string {
  if (job.kind !== 'train') return 'Use a smaller batch or smaller pictures, or close other programs.';
  // Without a choice it is not known here what computes, and a fused backward pass is the processor's alone.
  const place = { provider: job.device.provider ?? 'cuda' };
  const savings = memorySavings.flatMap(([saving, change]) =>
    change(job, place) === null ? [] : [savingTexts[saving](job)],
  );
  const choices = [...savings, 'smaller pictures'].join(', or ');
  return `Close other programs and resume the run, or begin one that needs less, with ${choices}.`;
}
