import type { Job } from '../../native/jobs.ts';
import { type MemorySaving, memorySavings } from '../../native/training/memory-savings.ts';

/** Of those that make it another run. */
const savingTexts: Readonly<Record<Exclude<MemorySaving, 'one image at a time'>, string>> = {
  'AdamW in 8 bits': 'the optimizer “AdamW, 8-bit”',
  'fused backward pass': 'a fused backward pass',
  LoRA: 'a LoRA instead of full finetuning',
};

/** What to do about a job that memory did not suffice for: of a training, what of its own settings takes less. */
export function memoryHint(job: Job): string {
  if (job.kind !== 'train') return 'Use a smaller batch or smaller pictures, or close other programs.';
  // Without a choice it is not known here what computes, and a fused backward pass is the processor's alone.
  const place = { provider: job.device.provider ?? 'cuda' };
  const savings = memorySavings.flatMap(([saving, change]) => (change(job, place) === null ? [] : [saving]));
  const choices = [
    ...savings.flatMap((saving) => (saving === 'one image at a time' ? [] : [savingTexts[saving]])),
    'smaller pictures',
  ];
  const resume = savings.includes('one image at a time')
    ? 'Resume the run with one image at a time (images at once: 1), or close other programs and resume it'
    : 'Close other programs and resume the run';
  return `${resume}, or begin one that needs less, with ${choices.join(', or ')}.`;
}
