import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { RunRequest } from '../../electron/contract/runs.ts';
import { addExampleDataset } from './example-dataset.ts';
import { writePretendConfigs } from './pretend-configs.ts';
import type { LibraryServices } from './services.ts';

/** A folder that passes for a model as long as nobody computes with it. */
export function writePretendModel(folder: string): void {
  writePretendConfigs(folder, 8);
  writeFileSync(join(folder, 'unet', 'diffusion_pytorch_model.safetensors'), 'weights');
}

/** A model and a data set in a library, and a request of five steps an epoch over them. */
export async function pretendRequest(
  { models, runs, context }: LibraryServices,
  folder: string,
  train: Partial<RunRequest['train']> = {},
): Promise<RunRequest> {
  const model = join(folder, 'model');
  writePretendModel(model);
  await addExampleDataset(context.library.database, join(folder, 'squares'));
  await models.handlers['models.add']({ path: model });
  const defaults = await runs.handlers['runs.defaults']({
    datasetId: null,
    baseModelId: null,
    method: 'full',
    aim: null,
  });
  return {
    ...defaults,
    name: 'first',
    train: { ...defaults.train, epochs: 3, checkpoints: [1, 2], batchSize: 1, ...train },
    prompts: [{ prompt: 'red', negativePrompt: '' }],
  };
}
