import { optimizerOf, usualSettings } from '../facts/optimizers.ts';
import type { TrainJob } from '../jobs.ts';
import { type Provider, usesMainMemory } from '../runtime/runtime.ts';
import { accumulates } from './data-order.ts';

/** What can be changed of a job so that its step takes less memory. */
export type MemorySaving = 'one image at a time' | 'AdamW in 8 bits' | 'fused backward pass' | 'LoRA';

/** As much of a job as decides what its step takes. */
export type SteppedJob = Pick<TrainJob, 'base' | 'images' | 'method' | 'settings' | 'prior'>;
type Settings = TrainJob['settings'];

/** The rank of the LoRA that is proposed. */
const usualRank = 16;

/** Each changes the least of what is learned before the next, the first nothing; null where it would change nothing. */
export const memorySavings: readonly (readonly [
  MemorySaving,
  (job: SteppedJob, place: { readonly provider: Provider }) => SteppedJob | null,
])[] = [
  [
    'one image at a time',
    // A fused backward pass shuts it out even where there is none, on a GPU: a run that asks for both is refused.
    ({ settings, ...job }) =>
      Math.min(settings.batchSize, settings.imagesAtOnce ?? Infinity) === 1 || settings.fusedBackward === true
        ? null
        : { ...job, settings: { ...settings, imagesAtOnce: 1 } },
  ],
  [
    'AdamW in 8 bits',
    ({ settings, ...job }) =>
      ['lora', 'embedding'].includes(job.method.kind) || optimizerOf(settings).kind !== 'adamw'
        ? null
        : { ...job, settings: { ...settings, optimizer: usualSettings('adamw8bit') } },
  ],
  [
    'fused backward pass',
    ({ settings, ...job }, { provider }) =>
      job.method.kind !== 'full' ||
      !usesMainMemory(provider) ||
      settings.fusedBackward === true ||
      accumulates({ settings }) ||
      optimizerOf(settings).kind === 'prodigy'
        ? null
        : { ...job, settings: withFused(settings, true) },
  ],
  [
    'LoRA',
    (job) =>
      job.method.kind !== 'full'
        ? null
        : {
            ...job,
            method: {
              kind: 'lora',
              rank: usualRank,
              alpha: usualRank,
              textEncoder: job.method.textEncoder,
            },
            settings: withFused(job.settings, false),
          },
  ],
];

function withFused({ fusedBackward: _, ...settings }: Settings, fused: boolean): Settings {
  return { ...settings, ...(fused && { fusedBackward: true }) };
}
