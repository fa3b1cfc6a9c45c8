import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { describe, expect, test } from 'vitest';

import type { RunRequest } from '../../electron/contract/runs.ts';
import type { Proposed } from '../../electron/runs/propose-run.ts';
import type { TrainJob } from '../../native/jobs.ts';
import { drawingEngine } from '../hosts/drawing-engine.ts';
import { servicesOver } from '../runs/library-of.ts';
import { pretendEngine } from '../runs/pretend-engine.ts';
import { pretendRequest, writePretendModel } from '../runs/pretend-library.ts';
import { temporaryFolder } from '../runs/temporary-folder.ts';
import { drawImages, writeTinyModel } from '../training/tiny-model.ts';
import { screenfold } from './typed.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

const card = [
  '---',
  'screenfold: { "learningRate": { "full": 2e-4, "lora": 1e-3 }, "schedule": "cosine", "warmupSteps": 30, "emaDecay": 0.98, "minSnrGamma": 5, "steps": 200, "batchSize": 4, "guidanceScale": 3.5 }',
  '---',
].join('\n');

interface DryRun {
  readonly job: TrainJob;
  readonly proposed: readonly Proposed[];
}

/** A folder with a base and so many images in it. */
async function room(images: number, ofCard: string | null = card): Promise<string> {
  const folder = temporaryFolder();
  writePretendModel(join(folder, 'base'));
  if (ofCard !== null) writeFileSync(join(folder, 'base', 'README.md'), ofCard);
  mkdirSync(join(folder, 'images'));
  await drawImages(join(folder, 'images'), images);
  return folder;
}

const overBoth = ['train', '--base', 'base', '--data', 'images', '--caption', 'a cat'] as const;

async function dryRun(folder: string, ...args: readonly string[]): Promise<DryRun> {
  const { code, out, error } = await screenfold(folder, [...args, '--dry-run', '--json']);
  expect([code, error]).toEqual([0, '']);
  return JSON.parse(out.trimEnd().split('\n').at(-1)!) as DryRun;
}

/** What the page's form proposes of the same, with so many images to train on. */
async function proposedByStudio(
  folder: string,
  images: number,
  method: 'full' | 'lora' | 'embedding' | null,
): Promise<RunRequest> {
  const services = servicesOver(join(folder, 'library'), pretendEngine().engine);
  await pretendRequest(services, folder);
  const { modelId } = await services.models.handlers['models.add']({ path: join(folder, 'base') });
  const { database } = services.context.library;
  // One of them is held out.
  database.prepare('UPDATE dataset SET images = ?').run(images + 1);
  // What lies in the folder has no weights that could be counted.
  database.prepare("UPDATE model SET components = '[]'").run();
  return services.runs.handlers['runs.defaults']({
    ...{ datasetId: null, baseModelId: modelId, method, aim: null },
  });
}

const asSettings = ({ train }: RunRequest) => ({
  epochs: train.epochs,
  batchSize: train.batchSize,
  learningRate: train.learningRate,
  schedule: { kind: train.schedule, warmupSteps: train.warmupSteps },
  emaDecay: train.emaDecay,
  minSnrGamma: train.minSnrGamma,
  captionDropout: train.captionDropout,
  optimizer: train.optimizer,
});

describe('flags alone are filled up', () => {
  test.each([
    ['a base with a card', card, 'full', 12],
    ['a base with a card', card, 'lora', 12],
    ['a base without a card', null, 'full', 12],
    ['a base without a card', null, 'embedding', 3],
  ] as const)('as the studio’s form fills them: %s, %#', async (_what, ofCard, method, images) => {
    const folder = await room(images, ofCard);
    const word = method === 'embedding' ? ['--word', 'mywolf'] : ['--method', method];
    const { job, proposed } = await dryRun(folder, ...overBoth, ...word);
    const studio = await proposedByStudio(folder, images, method);
    expect(job.settings).toMatchObject(asSettings(studio));
    const guidance = proposed.find(({ key }) => key === 'samples.guidanceScale');
    expect(guidance?.value).toBe(studio.recipe.guidanceScale);
  });

  test('by the method that the form proposes', async () => {
    const folder = await room(12);
    expect((await dryRun(folder, ...overBoth)).job.method).toEqual(
      (await proposedByStudio(folder, 12, null)).method,
    );
    const unet = join(folder, 'base', 'unet', 'config.json');
    const config = JSON.parse(readFileSync(unet, 'utf8')) as object;
    writeFileSync(unet, JSON.stringify({ ...config, sample_size: 64 }));
    const { job, proposed } = await dryRun(folder, ...overBoth);
    expect(job.method).toMatchObject({ kind: 'lora', rank: 16, textEncoder: false });
    expect(proposed).toContainEqual({ key: 'method.kind', value: 'lora', because: 'base' });
    expect((await dryRun(folder, ...overBoth, '--method', 'full')).job.method.kind).toBe('full');
  });

  test('saying where each value comes from', async () => {
    const folder = await room(12);
    const { out } = await screenfold(folder, [...overBoth, '--dry-run']);
    expect(out).toContain(
      'proposed as the base’s card says: learning rate 2e-4, schedule cosine, EMA decay 0.98, min-SNR gamma 5, guidance 3.5\n',
    );
    expect(out).toContain('proposed for 12 images: warm-up steps 24, batch size 3, epochs 60\n');
  });

  test('and go before what is proposed; what follows from them goes along', async () => {
    const folder = await room(16);
    const { job, proposed } = await dryRun(
      ...([folder, ...overBoth, '--learning-rate', '5e-5', '--epochs', '5'] as const),
      ...['--set', 'train.schedule=constant'],
    );
    expect(job.settings).toMatchObject({
      ...{ learningRate: 5e-5, epochs: 5, emaDecay: 0.98 },
      // Of a run of 60 epochs it would be 24 steps.
      schedule: { kind: 'constant', warmupSteps: 2 },
    });
    expect(proposed.map(({ key }) => key)).not.toContain('train.learningRate');
    const { job: lion } = await dryRun(folder, ...overBoth, '--optimizer', 'lion');
    expect(lion.settings.learningRate).toBeCloseTo(4e-5, 10);
  });

  test('by the size of a base that has no card', async () => {
    const folder = temporaryFolder();
    await writeTinyModel(join(folder, 'base'));
    mkdirSync(join(folder, 'images'));
    await drawImages(join(folder, 'images'), 4);
    const { job, proposed } = await dryRun(folder, ...overBoth);
    expect(job.settings.learningRate).toBe(1e-4);
    expect(proposed).toContainEqual({ key: 'train.learningRate', value: 1e-4, because: 'base' });
  });

  test('of the sample over the base that comes with it, as its own run file says', async () => {
    const resources = join(root, 'resources');
    const args = ['train', '--base', 'seedling', '--data', 'sample', '--out', join(temporaryFolder(), 'run')];
    const { job, proposed } = await dryRun(resources, ...args);
    const { train } = JSON.parse(readFileSync(join(resources, 'sample', 'run.json'), 'utf8')) as {
      train: { epochs: number; learningRate: number };
    };
    expect(job.settings).toMatchObject({ epochs: train.epochs, learningRate: train.learningRate });
    expect(job.validation.length).toBeGreaterThan(0);
    expect(proposed).toContainEqual({ key: 'train.epochs', value: train.epochs, because: 'sample' });
  });

  test('the same when the same is typed again, which goes on with the run', async () => {
    const folder = await room(4);
    const stopped = await screenfold(folder, overBoth, drawingEngine('stopped').engine);
    expect(stopped.code).toBe(130);
    const again = await screenfold(folder, overBoth, drawingEngine().engine);
    expect([again.code, again.error]).toEqual([0, '']);
    expect(again.out).toContain('Resuming the unfinished run');
  });
});

test('a run file is taken by its word: what it leaves out is as the guide to it says', async () => {
  const folder = await room(12);
  writeFileSync(
    join(folder, 'cats.json'),
    JSON.stringify({ base: 'base', data: { folder: 'images', captions: { kind: 'fixed', text: 'a cat' } } }),
  );
  const { job, proposed } = await dryRun(folder, 'train', 'cats.json', '--set', 'train.seed=1');
  expect(proposed).toEqual([]);
  expect(job.settings).toMatchObject({
    ...{ epochs: 100, batchSize: 1, learningRate: 1e-5, emaDecay: 0, minSnrGamma: 0 },
    schedule: { kind: 'constant', warmupSteps: 0 },
  });
});

test('a run that has begun stays as it began, whatever its base’s card says by then', async () => {
  const folder = await room(4, null);
  await screenfold(folder, [...overBoth, '--name', 'cats'], drawingEngine('stopped').engine);
  cpSync(join(folder, 'runs', 'cats', 'run.json'), join(folder, 'before.json'));
  writeFileSync(join(folder, 'base', 'README.md'), card);
  const { engine, jobs } = drawingEngine();
  const resumed = await screenfold(folder, ['resume', 'runs/cats'], engine);
  expect([resumed.code, resumed.error]).toEqual([0, '']);
  const [before, now] = [join(folder, 'before.json'), join(folder, 'runs', 'cats', 'run.json')].map((file) =>
    readFileSync(file, 'utf8'),
  );
  expect(now).toBe(before);
  const [job] = jobs;
  expect(job?.kind === 'train' && job.settings.learningRate).toBe(1e-5);
});
