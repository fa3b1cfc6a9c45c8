import path from 'node:path';

import type { Method, TrainingSettings, TrainJob } from '../../native/jobs.ts';
import type { DeviceChoice } from '../../native/runtime/runtime.ts';
import type { Inputs } from './inputs.ts';

/** Threads decide how sums are split, and with it their last bits. */
export const device = { provider: 'cpu', api: 'c-api', threads: 2 } as const satisfies DeviceChoice;

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

/** Builds a pinned run: what it trains, how its settings differ from the plain ones, and where it is stopped. */
type MakeRun = (
  name: string,
  parts: Pick<TrainJob, 'base' | 'images' | 'method'> & Partial<TrainJob>,
  settings?: Partial<TrainingSettings>,
  stopAfter?: number,
) => PinnedRun;

/** What the runs of a method are made of. */
interface Material {
  readonly run: MakeRun;
  readonly bases: Inputs['bases'];
  readonly images: Inputs['images'];
  readonly few: Inputs['images'];
  /** Two buckets, neither of which fills its last batch. */
  readonly mixed: Inputs['images'];
  readonly validation: Inputs['images'];
}

/** The runs, in the order they are trained in; later ones may begin with what earlier ones came to. */
export function pinnedRuns(folder: string, { bases, images, wide }: Inputs): readonly PinnedRun[] {
  const run: MakeRun = (name, parts, settings = {}, stopAfter) => ({
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
  const few = images.slice(0, 5);
  const mixed = [...few, ...wide.slice(0, 3)];
  const material: Material = { run, bases, images, few, mixed, validation: images.slice(12) };
  return [...fullRuns(material), ...loraRuns(material), ...partRuns(material)];
}

/** Full finetunings: both ways into ONNX Runtime, whole batches and batches in parts. */
function fullRuns({ run, bases, images, few, mixed, validation }: Material): readonly PinnedRun[] {
  const full: Method = { kind: 'full', textEncoder: false };
  const { sd1 } = bases;
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
  ];
}

function loraRuns({ run, bases, images, mixed, validation }: Material): readonly PinnedRun[] {
  return [
    run(
      'lora',
      {
        base: bases.sd1,
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
  ];
}

/** From scratch, and the parts of a model by themselves: autoencoder, decoder, text encoder. */
function partRuns({ run, bases, few, mixed, validation }: Material): readonly PinnedRun[] {
  return [
    run(
      'scratch',
      { base: bases.bare, images: few, method: { kind: 'scratch' }, validation },
      { ...everything, batchSize: 4 },
      2,
    ),
    run('scratch, text encoder frozen', {
      base: bases.sd1,
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
        base: bases.sd1,
        images: few,
        method: { kind: 'decoder', latentNoise: 0.3, edgeWeight: 2 },
        validation,
      },
      { gradientAccumulation: 2 },
      2,
    ),
    run('text', { base: bases.sd1, images: few, method: { kind: 'text' }, validation }, { emaDecay: 0.7 }, 2),
    run('text from fresh weights', { base: bases.bare, images: few, method: { kind: 'text' } }),
  ];
}
