import type { Comparison, Sample } from '../../../electron/contract/gallery.ts';
import type { RunSummary } from '../../../electron/contract/runs.ts';

/** The run's pictures as they unfold: a column an epoch, a row a prompt and seed. */
export interface Development {
  readonly epochs: readonly DevelopmentColumn[];
  readonly rows: readonly DevelopmentRow[];
}

export interface DevelopmentColumn {
  readonly epoch: number;
  /** It is there: the base, or a checkpoint that was written. */
  readonly hasCheckpoint: boolean;
  readonly trainLoss: number | null;
  readonly validationLoss: number | null;
}

export interface DevelopmentRow {
  readonly prompt: string;
  readonly negativePrompt: string;
  readonly seed: number;
  /** By column; null where nobody has asked for the picture yet. */
  readonly samples: readonly (Sample | null)[];
}

/** Columns for the base, the checkpoints that are there and those that are `planned`. */
export function development(
  run: Pick<RunSummary, 'id' | 'checkpoints'>,
  planned: readonly number[],
  comparison: Comparison,
): Development {
  const losses = comparison.runs.find(({ id }) => id === run.id)?.losses ?? [];
  const there = new Set([0, ...run.checkpoints]);
  const numbers = [...new Set([...there, ...planned])].sort((a, b) => a - b);
  const epochs = numbers.map((epoch) => {
    const loss = losses.find((entry) => entry.epoch === epoch);
    return {
      epoch,
      hasCheckpoint: there.has(epoch),
      trainLoss: loss?.trainLoss ?? null,
      validationLoss: loss?.validationLoss ?? null,
    };
  });
  const samples = new Map(comparison.samples.map((sample) => [keyOf(sample), sample]));
  const rows = comparison.prompts.flatMap(({ prompt, negativePrompt }) =>
    comparison.seeds.map((seed) => ({
      prompt,
      negativePrompt,
      seed,
      samples: numbers.map((epoch) => samples.get(keyOf({ epoch, prompt, negativePrompt, seed })) ?? null),
    })),
  );
  return { epochs, rows };
}

function keyOf({
  epoch,
  prompt,
  negativePrompt,
  seed,
}: Pick<Sample, 'epoch' | 'prompt' | 'negativePrompt' | 'seed'>) {
  return JSON.stringify([epoch, prompt, negativePrompt, seed]);
}

/** The comparison with a picture as it now is. */
export function withSample(comparison: Comparison, sample: Sample): Comparison {
  const known = comparison.samples.some(({ id }) => id === sample.id);
  const samples = known
    ? comparison.samples.map((entry) => (entry.id === sample.id ? sample : entry))
    : [...comparison.samples, sample];
  return { ...comparison, samples };
}
