/** What is trained, drawn and exported to be pinned: between them, every way through the engine on the processor. */
import path from 'node:path';

import type { SamplerName } from '../../native/facts/samplers.ts';
import type {
  ExportJob,
  GenerateJob,
  Method,
  Picture,
  TrainingImage,
  TrainingSettings,
  TrainJob,
} from '../../native/jobs.ts';
import type { DeviceChoice } from '../../native/runtime/runtime.ts';
import { drawImages } from './tiny-images.ts';
import { writeTinyModel } from './tiny-model.ts';

/** Threads decide how sums are split, and with it their last bits. */
const device = { provider: 'cpu', api: 'c-api', threads: 2 } as const satisfies DeviceChoice;

/** What runs begin with, by name. */
export interface Inputs {
  readonly bases: Readonly<Record<'sd1' | 'sd2' | 'bare' | 'without vae' | 'seedling', string>>;
  readonly images: readonly TrainingImage[];
  readonly wide: readonly TrainingImage[];
}

/** @param project the checkout whose embedded base model is one of the bases */
export async function makeInputs(folder: string, project: string): Promise<Inputs> {
  const at = (name: string): string => path.join(folder, 'bases', name);
  await writeTinyModel(at('sd1'));
  await writeTinyModel(at('sd2'), { family: 'sd2' });
  await writeTinyModel(at('bare'), { withoutWeights: ['unet', 'text_encoder'] });
  await writeTinyModel(at('without vae'), { withoutWeights: ['vae'] });
  return {
    bases: {
      sd1: at('sd1'),
      sd2: at('sd2'),
      bare: at('bare'),
      'without vae': at('without vae'),
      seedling: path.join(project, 'resources', 'seedling'),
    },
    images: await drawImages(path.join(folder, 'images'), 14, [[32, 32]]),
    wide: await drawImages(path.join(folder, 'wide images'), 4, [[48, 24]]),
  };
}

export interface PinnedRun {
  readonly name: string;
  readonly job: TrainJob;
  /** Trained a second time, stopped after this step and resumed: it has to end with the same bytes. */
  readonly stopAfter?: number;
}

const plain: TrainingSettings = {
  epochs: 2,
  checkpointEpochs: [1, 2],
  batchSize: 2,
  gradientAccumulation: 1,
  learningRate: 1e-3,
  schedule: { kind: 'constant', warmupSteps: 0 },
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  weightDecay: 1e-2,
  maxGradientNorm: 1,
  emaDecay: 0,
  minSnrGamma: 0,
  noiseOffset: 0,
  captionDropout: 0,
  randomFlip: false,
  seed: 3,
  checkpointPrecision: 'float32',
  stateEveryMinutes: 60,
};

/** Everything at once that changes what a step does. */
const everything: Partial<TrainingSettings> = {
  schedule: { kind: 'cosine', warmupSteps: 2 },
  emaDecay: 0.7,
  minSnrGamma: 5,
  noiseOffset: 0.1,
  captionDropout: 0.3,
  randomFlip: true,
};

/** The runs, in the order they are trained in; later ones may begin with what earlier ones came to. */
export function pinnedRuns(folder: string, { bases, images, wide }: Inputs): readonly PinnedRun[] {
  const run = (
    name: string,
    parts: Pick<TrainJob, 'base' | 'images' | 'method'> & Partial<TrainJob>,
    settings: Partial<TrainingSettings> = {},
    stopAfter?: number,
  ): PinnedRun => ({
    name,
    job: {
      kind: 'train',
      folder: path.join(folder, 'runs', name),
      cacheFolder: path.join(folder, 'cache'),
      settings: { ...plain, ...settings },
      validation: [],
      device,
      ...parts,
    },
    ...(stopAfter !== undefined && { stopAfter }),
  });
  const full: Method = { kind: 'full', textEncoder: false };
  const few = images.slice(0, 5);
  const [sd1, validation] = [bases.sd1, images.slice(12)];
  // Two buckets, neither of which fills its last batch.
  const mixed = [...few, ...wide.slice(0, 3)];
  return [
    run('full', { base: sd1, images: few, method: full, validation }),
    run(
      'full, text encoder trained, everything on',
      { base: sd1, images: mixed, method: { kind: 'full', textEncoder: true }, validation },
      { ...everything, gradientAccumulation: 2, checkpointPrecision: 'float16' },
      3,
    ),
    run(
      'full in two parts',
      { base: sd1, images: images.slice(0, 10), method: full, validation },
      { ...everything, batchSize: 8 },
      3,
    ),
    run(
      'full in two parts, text encoder trained',
      { base: bases.sd2, images: images.slice(0, 8), method: { kind: 'full', textEncoder: true } },
      { batchSize: 8, maxGradientNorm: 0, schedule: { kind: 'linear', warmupSteps: 1 } },
    ),
    run(
      'full by onnxruntime-node',
      { base: sd1, images: mixed, method: full, validation, device: { ...device, api: 'node' } },
      { ...everything, gradientAccumulation: 2 },
    ),
    run(
      'full by onnxruntime-node, large batches',
      { base: sd1, images: images.slice(0, 8), method: full, device: { ...device, api: 'node' } },
      { batchSize: 8, emaDecay: 0.7 },
    ),
    run(
      'full on one thread',
      { base: sd1, images: images.slice(0, 8), method: full, device: { ...device, threads: 1 } },
      { batchSize: 8 },
    ),
    run(
      'full of the seedling',
      {
        base: bases.seedling,
        images: images.slice(0, 8).map((image) => ({ ...image, width: 64, height: 64 })),
        method: full,
      },
      { epochs: 1, batchSize: 8, checkpointPrecision: 'float16' },
    ),
    run(
      'lora',
      {
        base: sd1,
        images: mixed,
        method: { kind: 'lora', textEncoder: false, rank: 4, alpha: 2 },
        validation,
      },
      {},
      2,
    ),
    run(
      'lora in two parts, text encoder trained, everything on',
      {
        base: bases.sd2,
        images: images.slice(0, 10),
        method: { kind: 'lora', textEncoder: true, rank: 2, alpha: 3 },
        validation,
      },
      { ...everything, batchSize: 8, checkpointPrecision: 'float16' },
    ),
    run(
      'scratch',
      { base: bases.bare, images: few, method: { kind: 'scratch' }, validation },
      { ...everything, batchSize: 4 },
      2,
    ),
    run('scratch, text encoder frozen', {
      base: sd1,
      images: few,
      method: { kind: 'scratch', textEncoder: false },
    }),
    run(
      'vae',
      { base: bases['without vae'], images: mixed, method: { kind: 'vae', kl: 1e-6 }, validation },
      { randomFlip: true, emaDecay: 0.7 },
      3,
    ),
    run(
      'decoder',
      {
        base: sd1,
        images: few,
        method: { kind: 'decoder', latentNoise: 0.3, edgeWeight: 2 },
        validation,
      },
      { gradientAccumulation: 2 },
      2,
    ),
    run('text', { base: sd1, images: few, method: { kind: 'text' }, validation }, { emaDecay: 0.7 }, 2),
    run('text from fresh weights', { base: bases.bare, images: few, method: { kind: 'text' } }),
  ];
}

/** A checkpoint's folder. */
const checkpoint = (folder: string, run: string, epoch: number): string =>
  path.join(folder, 'runs', run, 'checkpoints', `epoch-${String(epoch).padStart(4, '0')}`);

/** Exports of what was trained; `exports/kohya` is a folder that pictures can be drawn with. */
export function pinnedExports(folder: string, { bases }: Inputs): readonly ExportJob[] {
  const job = (
    name: string,
    model: ExportJob['model'],
    format: ExportJob['format'],
    precision: ExportJob['precision'],
    metadata: ExportJob['metadata'] = {},
  ): ExportJob => ({
    kind: 'export',
    model,
    format,
    precision,
    metadata,
    output: path.join(folder, 'exports', name),
  });
  const full = { base: bases.sd1, checkpoint: checkpoint(folder, 'full in two parts', 2) };
  const lora = { base: bases.sd1, checkpoint: checkpoint(folder, 'lora', 2) };
  const textLora = {
    base: bases.sd2,
    checkpoint: checkpoint(folder, 'lora in two parts, text encoder trained, everything on', 2),
  };
  return [
    job('full', full, 'diffusers', 'float32'),
    job('full in half precision', full, 'diffusers', 'float16'),
    job('lora merged', { ...lora, loraScale: 0.7 }, 'diffusers', 'float32'),
    job('lora with text encoder merged', textLora, 'diffusers', 'float16'),
    job(path.join('kohya', 'lora.safetensors'), lora, 'lora', 'float32', { ss_output_name: 'pinned' }),
    job('lora with text encoder.safetensors', textLora, 'lora', 'float16'),
  ];
}

/** A run on what was exported, half-precision weights and all. */
export function runOnExport(folder: string, { bases, images }: Inputs): PinnedRun {
  const [model] = pinnedRuns(folder, { bases, images, wide: images });
  const name = 'lora on an export in half precision';
  return {
    name,
    job: {
      ...model!.job,
      folder: path.join(folder, 'runs', name),
      base: path.join(folder, 'exports', 'full in half precision'),
      method: { kind: 'lora', textEncoder: false, rank: 2, alpha: 2 },
    },
  };
}

const samplers: readonly SamplerName[] = [
  'ddim',
  'pndm',
  'euler',
  'euler-ancestral',
  'dpm++-2m',
  'dpm++-2m-karras',
];

/** Pictures of bases, checkpoints and exports, by every sampler and for both kinds of prediction. */
export function pinnedPictures(folder: string, { bases }: Inputs): readonly GenerateJob[] {
  const exported = (name: string): string => path.join(folder, 'exports', name);
  const models: Readonly<Record<string, Picture['model']>> = {
    'sd1 base': { base: bases.sd1 },
    'sd2 base': { base: bases.sd2 },
    'full checkpoint': { base: bases.sd1, checkpoint: checkpoint(folder, 'full', 1) },
    'half-precision checkpoint': {
      base: bases.sd1,
      checkpoint: checkpoint(folder, 'full, text encoder trained, everything on', 2),
    },
    'lora checkpoint': { base: bases.sd1, checkpoint: checkpoint(folder, 'lora', 2), loraScale: 0.7 },
    'lora export': { base: bases.sd1, checkpoint: exported('kohya') },
    'vae checkpoint': { base: bases.sd1, checkpoint: checkpoint(folder, 'vae', 2) },
    'diffusers export': { base: exported('full') },
    'half-precision export': { base: exported('full in half precision') },
  };
  const everySampler = ['sd1 base', 'sd2 base', 'full checkpoint'];
  const job = (
    model: string,
    reference: Picture['model'],
    sampler: SamplerName,
    [width, height]: readonly [number, number],
    api: 'c-api' | 'node' = 'c-api',
  ): GenerateJob => ({
    kind: 'generate',
    batchSize: 2,
    device: { ...device, api },
    // The third is in a batch of its own.
    pictures: [0, 1, 2].map((seed) => ({
      model: reference,
      prompt: 'a red square, two dots',
      negativePrompt: seed === 1 ? 'blue' : '',
      seed,
      sampler,
      steps: 4,
      guidanceScale: model === 'lora export' ? 1 : 5,
      width,
      height,
      output: path.join(folder, 'pictures', `${model} ${sampler} ${api}`, `${seed}.png`),
    })),
  });
  return [
    ...Object.entries(models).flatMap(([name, reference]) =>
      (everySampler.includes(name) ? samplers : (['dpm++-2m-karras'] as const)).map((sampler) =>
        job(name, reference, sampler, sampler === 'ddim' ? [48, 24] : [32, 32]),
      ),
    ),
    job('full checkpoint', models['full checkpoint']!, 'euler', [32, 32], 'node'),
    job('seedling', { base: bases.seedling }, 'ddim', [64, 64]),
  ];
}
