import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { startEngine } from '../../electron/engine/engine-process.ts';
import { writeTinyXlModel } from '../training/tiny-xl-model.ts';
import { addExampleDataset } from './example-dataset.ts';
import { servicesOver } from './library-of.ts';
import { temporaryFolder } from './temporary-folder.ts';

/** Several processes of the engine, on machines that do something else besides; ends in seconds. */
const patience = 480_000;

test(
  'a Stable Diffusion XL is added, trained, compared, exported, kept and drawn with as others are',
  { timeout: patience },
  async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'tiny xl');
    await writeTinyXlModel(path);
    const { models, runs, gallery, exports, context, until, settings } = servicesOver(
      join(folder, 'library'),
      startEngine(),
    );
    settings.change({ provider: 'cpu' });
    await addExampleDataset(context.library.database, join(folder, 'squares'));
    const { modelId } = await models.handlers['models.add']({ path });
    const base = await models.handlers['models.get']({ modelId });
    expect(base).toMatchObject({ kind: 'folder', resolution: 32, pixelStep: 8, prediction: 'epsilon' });
    expect(base.components.map(({ name }) => name)).toEqual([
      'unet',
      'vae',
      'text_encoder',
      'text_encoder_2',
    ]);

    const defaults = await runs.handlers['runs.defaults']({
      datasetId: null,
      baseModelId: modelId,
      method: 'lora',
      aim: null,
    });
    const request = {
      ...defaults,
      name: 'squares',
      method: { kind: 'lora' as const, textEncoder: true, rank: 2 },
      train: { ...defaults.train, epochs: 2, checkpoints: [2], batchSize: 2, learningRate: 1e-3 },
      recipe: { ...defaults.recipe, steps: 2 },
    };
    const runId = (await runs.handlers['runs.start']({ request })).runIds[0]!;
    await until('runs.progress', ({ status }) => ['finished', 'failed'].includes(status));
    const run = await runs.handlers['runs.get']({ runId });
    expect(run).toMatchObject({ failure: null, status: 'finished', checkpoints: [2] });
    // What the plan said of a LoRA's size is what its file holds: F16 and the scalars of alpha.
    const bytes = readFileSync(join(run.folder, 'checkpoints', 'epoch-0002', 'lora.safetensors'));
    const header = bytes.toString('latin1', 8, 8 + Number(bytes.readBigUInt64LE(0)));
    const alphas = (header.match(/\.alpha"/g) ?? []).length;
    expect(bytes.length - 8 - header.length).toBe(2 * (run.plan.trainedParameters + alphas));

    await until('gallery.sample', ({ epoch, status }) => epoch === 2 && status === 'ready');
    const { samples } = await gallery.handlers['gallery.comparison']({ runIds: [runId] });
    expect(samples.map(({ epoch, status }) => [epoch, status])).toEqual([
      [0, 'ready'],
      [2, 'ready'],
    ]);

    const { exportId } = await exports.handlers['exports.model']({
      ...{ runId, epoch: 2, output: null },
      ...{ format: 'diffusers' as const, precision: 'float16' as const },
    });
    const exported = await until(
      'exports.changed',
      ({ id, status }) => id === exportId && status !== 'running',
    );
    expect(exported.failure).toBeNull();
    expect(readdirSync(exported.path).sort()).toEqual([
      ...['README.md', 'model_index.json', 'proof.png', 'scheduler', 'text_encoder', 'text_encoder_2'],
      ...['tokenizer', 'tokenizer_2', 'unet', 'vae'],
    ]);

    const kept = await models.handlers['models.keep']({ runId, epoch: 2, name: 'squares 2' });
    const { sampleIds } = await gallery.handlers['gallery.generate']({
      model: { kind: 'model', modelId: kept.modelId },
      prompt: 'a red square',
      negativePrompt: '',
      seeds: [5],
      recipe: request.recipe,
    });
    await until('gallery.sample', ({ id, status }) => id === sampleIds[0] && status === 'ready');
  },
);
