/**
 * Trains adapters on a tiny model, writes them under kohya's names and PEFT's and draws with them, for
 * tests/reference/adapter_pictures.py to compare: `node tests/reference/adapter-pictures.ts <folder>`.
 */
import { join } from 'node:path';

import type { LoraFileNames } from '../../native/facts/model-formats.ts';
import type { Method, ModelReference, Picture } from '../../native/jobs.ts';
import { runJob } from '../../native/run-job.ts';
import { drawImages, tinyJob, trainHere, writeTinyModel } from '../training/tiny-model.ts';

const folder = process.argv[2];
if (folder === undefined) throw new Error('Name the folder to write');
const base = join(folder, 'base');
await writeTinyModel(base);
const images = await drawImages(join(folder, 'images'), 4);
const context = { emit: () => undefined, stop: new AbortController().signal };

async function draw(model: ModelReference, output: string): Promise<void> {
  const picture: Picture = {
    ...{ model, output, prompt: 'a red square', negativePrompt: '', seed: 3, steps: 5, guidanceScale: 3 },
    ...{ sampler: 'ddim', width: 64, height: 64 },
  };
  await runJob({ kind: 'generate', batchSize: 1, device: { provider: 'cpu' }, pictures: [picture] }, context);
}

const locon: Extract<Method, { kind: 'lora' }> = {
  ...{ kind: 'lora', textEncoder: true, rank: 4, alpha: 2, convRank: 3, convAlpha: 1 },
  blockRanks: { up: 2, textEncoder: 1 },
};
const methods: Readonly<Record<string, Method>> = { locon, dora: { ...locon, dora: true } };
await draw({ base }, join(folder, 'base.png'));
for (const [name, method] of Object.entries(methods)) {
  const run = join(folder, name);
  await trainHere(
    tinyJob(
      { folder: run, cacheFolder: join(folder, 'cache'), base, method, images },
      { learningRate: 3e-2, checkpointPrecision: 'float32', epochs: 3, checkpointEpochs: [3] },
    ),
  );
  const model = { base, checkpoint: join(run, 'checkpoints', 'epoch-0003') };
  await draw(model, join(folder, `${name}.png`));
  for (const loraNames of ['kohya', 'peft'] satisfies LoraFileNames[]) {
    const output = join(folder, `${name}-${loraNames}.safetensors`);
    await runJob(
      { kind: 'export', format: 'lora', loraNames, model, output, precision: 'float32', metadata: {} },
      context,
    );
  }
}
