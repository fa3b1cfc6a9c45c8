import type { Comparison, Sample } from '../../../electron/contract/gallery.ts';

/** The comparison with these pictures as they are now; the same object where none of them belongs to its runs. */
export function withSamples(comparison: Comparison, changed: readonly Sample[]): Comparison {
  const places = new Map(comparison.samples.map(({ id }, index) => [id, index]));
  let samples: Sample[] | null = null;
  for (const sample of changed) {
    if (!comparison.runs.some(({ id }) => id === sample.runId)) continue;
    const index = places.get(sample.id);
    if (index === undefined && !belongs(comparison, sample)) continue;
    samples ??= [...comparison.samples];
    if (index === undefined) places.set(sample.id, samples.push(sample) - 1);
    else samples[index] = sample;
  }
  return samples === null ? comparison : { ...comparison, samples };
}

/** A picture of the prompt bench may come from a run's epoch, by words and noise the comparison knows nothing of. */
function belongs({ prompts, seeds }: Comparison, sample: Sample): boolean {
  return (
    seeds.includes(sample.seed) &&
    prompts.some(
      ({ prompt, negativePrompt }) => prompt === sample.prompt && negativePrompt === sample.negativePrompt,
    )
  );
}

/** A list with those of its pictures that changed as they are now; none is added. */
export function replaced(samples: readonly Sample[], changed: readonly Sample[]): Sample[] {
  const now = new Map(changed.map((sample) => [sample.id, sample]));
  return samples.map((sample) => now.get(sample.id) ?? sample);
}
