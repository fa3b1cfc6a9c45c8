import type { ModelFormat } from '../../native/facts/model-formats.ts';
import { Failure } from '../../native/failure.ts';
import type { TrainJob } from '../../native/jobs.ts';

type Kind = TrainJob['method']['kind'];

/** What is exported of a run where nobody chose. */
export function usualFormat(kind: Kind): ModelFormat {
  return kind === 'lora' || kind === 'embedding' ? kind : 'diffusers';
}

/**
 * Whether a run has that to export.
 *
 * @param run what to call it in messages
 * @throws Failure `not-a-lora`, `not-an-embedding`, `word-alone`
 */
export function checkFormat(format: ModelFormat, kind: string, run: string): void {
  if (format === 'lora' && kind !== 'lora') {
    throw new Failure(
      'not-a-lora',
      `${run} did not train a LoRA, so there is none to export.`,
      kind === 'embedding'
        ? 'Export its new word.'
        : 'Export it as diffusers or single-file, or train with the method "lora".',
    );
  }
  if (format === 'embedding' && kind !== 'embedding') {
    throw new Failure(
      'not-an-embedding',
      `${run} did not teach a new word, so there is none to export.`,
      'Export it as diffusers or single-file, or train with the method "embedding".',
    );
  }
  if (format !== 'embedding' && kind === 'embedding') {
    throw new Failure(
      'word-alone',
      `${run} taught a new word, and the model itself stayed as it was.`,
      'Export the word, and use it with that model.',
    );
  }
}
