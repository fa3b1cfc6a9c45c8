import { existsSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

import sharp from 'sharp';
import { expect, test } from 'vitest';

import { type CallName, calls } from '../../electron/contract/api.ts';
import { startEngine } from '../../electron/engine/engine-process.ts';
import { readPngText } from '../../native/images/png.ts';
import { readGifComment } from '../sheets/gif-comment.ts';
import { writeTinyModel } from '../training/tiny-model.ts';
import { addExampleDataset } from './example-dataset.ts';
import { servicesOver } from './library-of.ts';
import { temporaryFolder } from './temporary-folder.ts';

/** A dozen processes of the engine, on machines that do something else besides; ends in seconds. */
const patience = 480_000;

/** What a page would get: answers that the contract allows. */
function allowed(method: CallName, answer: unknown): unknown {
  return calls[method].output.parse(answer);
}

test(
  'a run is planned, trained, looked at, compared, exported, kept and finetuned further',
  { timeout: patience },
  async () => {
    const folder = temporaryFolder();
    const model = join(folder, 'tiny');
    await writeTinyModel(model);
    const { models, runs, gallery, exports, context, until, told, settings } = servicesOver(
      join(folder, 'library'),
      startEngine(),
    );
    settings.change({ provider: 'cpu' });
    const { heldOutImageId } = await addExampleDataset(context.library.database, join(folder, 'squares'));
    const { modelId } = await models.handlers['models.add']({ path: model });
    const [base] = await models.handlers['models.list']({});
    allowed('models.list', [base]);
    expect(base).toMatchObject({ id: modelId, name: 'tiny', kind: 'folder', missing: false, resolution: 32 });
    expect(base!.parameters).toBeGreaterThan(1000);

    const defaults = await runs.handlers['runs.defaults']({
      datasetId: null,
      baseModelId: null,
      method: 'full',
      aim: null,
    });
    allowed('runs.defaults', defaults);
    const request = {
      ...defaults,
      name: 'squares',
      train: { ...defaults.train, epochs: 3, checkpoints: [1, 3], batchSize: 2, learningRate: 1e-3 },
      recipe: { ...defaults.recipe, steps: 2 },
      costRate: { kind: 'hourly' as const, pricePerHour: 36 },
    };
    const plan = await runs.handlers['runs.plan']({ request });
    allowed('runs.plan', plan);
    expect(plan).toMatchObject({
      images: 5,
      heldOut: 1,
      epochs: 3,
      stepsPerEpoch: 3,
      checkpoints: [1, 3],
      seconds: null,
    });
    expect(plan.prompts).toEqual([{ prompt: 'a violet square', negativePrompt: '' }]);

    const { runIds } = await runs.handlers['runs.start']({ request });
    const runId = runIds[0]!;
    expect(await exports.handlers['exports.unfit']({ runId })).toEqual([]);
    await until('runs.progress', (progress) => ['finished', 'failed'].includes(progress.status));
    const run = await runs.handlers['runs.get']({ runId });
    allowed('runs.get', run);
    expect(run.failure).toBeNull();
    expect(run).toMatchObject({
      status: 'finished',
      epoch: 3,
      step: 9,
      checkpoints: [1, 3],
      captionSetName: 'names',
    });
    expect(run.ledger.reduce((sum, { images }) => sum + images, 0)).toBe(15);
    expect(run.cost).toBeCloseTo(run.seconds / 100, 6);
    expect(run.ledger.reduce((sum, { cost }) => sum + cost!, 0)).toBeCloseTo(run.cost!, 6);
    expect(existsSync(join(run.folder, 'state', 'step-00000009'))).toBe(true);
    const metrics = await runs.handlers['runs.metrics']({ runId });
    allowed('runs.metrics', metrics);
    expect(metrics.steps.loss).toHaveLength(9);
    expect(metrics.epochs.map(({ epoch }) => epoch)).toEqual([0, 1, 2, 3]);
    expect(metrics.epochs[0]).toMatchObject({
      trainLoss: null,
      validationLoss: expect.any(Number) as number,
    });

    await until('gallery.sample', ({ epoch, status }) => epoch === 3 && status === 'ready');
    const compare = () => gallery.handlers['gallery.comparison']({ runIds });
    const comparison = await compare();
    allowed('gallery.comparison', comparison);
    expect(comparison.runs[0]?.epochs).toEqual([0, 1, 3]);
    expect(comparison.prompts[0]?.heldOutImageId).toBe(heldOutImageId);
    expect(comparison.samples.map(({ epoch, status }) => [epoch, status])).toEqual([
      [0, 'ready'],
      [1, 'ready'],
      [3, 'ready'],
    ]);
    const pixels = await Promise.all(
      comparison.samples.map(({ id }) => sharp(gallery.sampleFile(id)).raw().toBuffer()),
    );
    expect(pixels[0]!.equals(pixels[2]!)).toBe(false);

    // What was planned next time knows how fast it was.
    expect((await runs.handlers['runs.plan']({ request })).secondsPerEpoch).toBeGreaterThan(0);

    const layout = {
      runIds,
      epochs: [0, 1, 3],
      prompts: comparison.prompts.map(({ prompt, negativePrompt }) => ({ prompt, negativePrompt })),
      seeds: [0],
      columns: 'epoch' as const,
      rows: 'prompt' as const,
    };
    const ended = async (exportId: number) => {
      const { failure, path: file } = await until(
        'exports.changed',
        ({ id, status }) => id === exportId && status !== 'running',
      );
      expect(failure).toBeNull();
      return file;
    };
    const { exportId } = await exports.handlers['exports.sheet']({ layout, output: null });
    const sheet = await ended(exportId);
    expect(exports.exportFile(exportId)).toBe(sheet);
    expect(JSON.parse((await readPngText(sheet)).Screenfold!)).toMatchObject({
      epochs: [0, 1, 3],
      seeds: [0],
    });
    for (const format of ['gif', 'webp'] as const) {
      const started = await exports.handlers['exports.animation']({
        layout,
        format,
        secondsPerFrame: 0.5,
        output: null,
      });
      const file = await ended(started.exportId);
      const { pages, xmpAsString } = await sharp(file, { animated: true }).metadata();
      expect(pages).toBe(3);
      const text = format === 'gif' ? readGifComment(readFileSync(file)) : xmpAsString;
      expect(text).toContain('a violet square');
    }
    const elsewhere = join(folder, 'elsewhere');
    const chosen = await exports.handlers['exports.model']({
      ...{ runId, epoch: 1, format: 'diffusers', precision: 'float16', output: null, folder: elsewhere },
    });
    expect(dirname(await ended(chosen.exportId))).toBe(elsewhere);
    const exported = await exports.handlers['exports.model']({
      runId,
      epoch: 3,
      format: 'diffusers',
      precision: 'float16',
      output: null,
    });
    const modelFolder = await ended(exported.exportId);
    expect(readFileSync(join(modelFolder, 'README.md'), 'utf8')).toContain('| Data set | squares |');
    const listed = await exports.handlers['exports.list']({});
    allowed('exports.list', listed);
    expect(listed[0]).not.toHaveProperty('missing');
    expect(listed[0]).toMatchObject({ proven: true });
    const proof = await sharp(exports.proofFile(exported.exportId)).metadata();
    expect(proof.width).toBe(2 * proof.height + 8);
    const stopping = await exports.handlers['exports.model']({
      ...{ runId, epoch: 3, format: 'onnx', precision: 'float16', output: null },
    });
    await exports.handlers['exports.stop'](stopping);
    await expect
      .poll(async () => (await exports.handlers['exports.list']({}))[0], { timeout: 30_000 })
      .toMatchObject({ status: 'failed', failure: { code: 'export-stopped' } });
    const [stopped] = await exports.handlers['exports.list']({});
    expect(
      readdirSync(dirname(stopped!.path)).filter((name) => name.includes(basename(stopped!.path))),
    ).toEqual([]);
    await exports.handlers['exports.remove'](stopping);
    renameSync(modelFolder, `${modelFolder} elsewhere`);
    expect((await exports.handlers['exports.list']({}))[0]).toMatchObject({ status: 'ready', missing: true });
    renameSync(`${modelFolder} elsewhere`, modelFolder);

    // A finetune of the finetune.
    const kept = await models.handlers['models.keep']({ runId, epoch: 1, name: 'squares 1' });
    const finetune = await models.handlers['models.get']({ modelId: kept.modelId });
    allowed('models.get', finetune);
    expect(finetune).toMatchObject({
      kind: 'finetune',
      parentId: modelId,
      runId,
      epoch: 1,
      parameters: base!.parameters,
    });
    expect(finetune.card).toContain('| Cost |');
    const again = {
      ...request,
      name: 'again',
      baseModelId: kept.modelId,
      method: { kind: 'lora' as const, textEncoder: false, rank: 2 },
    };
    const second = await runs.handlers['runs.start']({ request: again });
    const secondId = second.runIds[0]!;
    await until(
      'runs.progress',
      ({ runId: id, status }) => id === secondId && ['finished', 'failed'].includes(status),
    );
    const finetuned = await runs.handlers['runs.get']({ runId: secondId });
    expect(finetuned).toMatchObject({ status: 'finished', failure: null, baseName: 'squares 1' });
    // What the plan said of a LoRA's size is what its file holds: F16 and the scalars of alpha.
    const lora = join(finetuned.folder, 'checkpoints', 'epoch-0003', 'lora.safetensors');
    const bytes = readFileSync(lora);
    const data = bytes.length - 8 - Number(bytes.readBigUInt64LE(0));
    const alphas = (bytes.toString('latin1', 8, bytes.length - data).match(/\.alpha"/g) ?? []).length;
    expect(data).toBe(2 * (finetuned.plan.trainedParameters + alphas));

    // The bench, from an epoch of that LoRA.
    const { sampleIds } = await gallery.handlers['gallery.generate']({
      model: { kind: 'run', runId: secondId, epoch: 3 },
      prompt: 'a red square',
      negativePrompt: '',
      seeds: [5, 6],
      recipe: request.recipe,
    });
    for (const id of sampleIds)
      await until('gallery.sample', (sample) => sample.id === id && sample.status === 'ready');
    expect((await gallery.handlers['gallery.history']({ offset: 0, limit: 10 })).total).toBe(2);
    expect(told.filter(({ event }) => event === 'runs.epoch')).toHaveLength(8);
  },
);
