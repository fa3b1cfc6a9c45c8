import type { Comparison, Sample } from '../../../../electron/contract/gallery.ts';
import type { SamplerSettings } from '../../../../electron/contract/values.ts';

export const recipe: SamplerSettings = {
  sampler: 'ddim',
  steps: 20,
  guidanceScale: 5,
  width: 64,
  height: 64,
};

export function aSample(sample: Partial<Sample> & Pick<Sample, 'id'>): Sample {
  return {
    runId: 1,
    modelId: null,
    epoch: 0,
    prompt: 'a cat',
    negativePrompt: '',
    seed: 0,
    recipe,
    status: 'ready',
    failure: null,
    favourite: false,
    createdAt: 1_700_000_000_000,
    ...sample,
  };
}

interface Given {
  /** Kept epochs of every run. */
  readonly runs?: readonly (readonly number[])[];
  readonly prompts?: readonly string[];
  readonly seeds?: readonly number[];
  /** Held-out images by prompt. */
  readonly heldOut?: Readonly<Record<string, number>>;
}

/** Every picture is ready; sample ids count from 1, in the order run, epoch, prompt, seed. */
export function aComparison({
  runs = [[0, 1, 2, 5]],
  prompts = ['a cat', 'a dog'],
  seeds = [0],
  heldOut = {},
}: Given = {}): Comparison {
  let id = 0;
  return {
    runs: runs.map((epochs, index) => ({
      id: index + 1,
      name: `run ${index + 1}`,
      captionSetName: 'by hand',
      baseName: 'base',
      method: 'full',
      epochs: [...epochs],
      losses: epochs
        .filter((epoch) => epoch > 0)
        .map((epoch) => ({ epoch, trainLoss: 0.2, validationLoss: 1 / (epoch + 1) })),
      recipe,
    })),
    prompts: prompts.map((prompt) => ({
      prompt,
      negativePrompt: '',
      heldOutImageId: heldOut[prompt] ?? null,
    })),
    seeds: [...seeds],
    samples: runs.flatMap((epochs, index) =>
      epochs.flatMap((epoch) =>
        prompts.flatMap((prompt) =>
          seeds.map((seed) => aSample({ id: (id += 1), runId: index + 1, epoch, prompt, seed })),
        ),
      ),
    ),
  };
}
