import type { CaptionSetData } from '../../electron/contract/captions.ts';
import type { DatasetSummary } from '../../electron/contract/datasets.ts';
import type { Model } from '../../electron/contract/models.ts';
import {
  type RunPlan,
  type RunRequest,
  runRequestSchema,
  type RunSummary,
} from '../../electron/contract/runs.ts';

/** A request as the studio proposes one for a small data set. */
export const exampleRequest: RunRequest = runRequestSchema.parse({
  name: 'emoji, full',
  baseModelId: 1,
  datasetId: 1,
  captionSetIds: [1],
  method: { kind: 'full' },
  train: { epochs: 10, batchSize: 4, learningRate: 1e-5 },
  recipe: { sampler: 'dpm++-2m-karras', steps: 25, guidanceScale: 7.5, width: 64, height: 64 },
});

export const examplePlan: RunPlan = {
  images: 76,
  heldOut: 12,
  resolution: 64,
  buckets: [{ width: 64, height: 64, images: 76 }],
  stepsPerEpoch: 19,
  epochs: 10,
  steps: 190,
  checkpoints: [1, 2, 5, 10],
  runs: 1,
  each: [],
  secondsPerEpoch: null,
  classImageSeconds: null,
  seconds: null,
  cost: null,
  diskBytes: 123_000_000,
  cacheBytes: 0,
  freeDiskBytes: 80_000_000_000,
  memoryBytes: 240_000_000,
  memoryParts: null,
  parameters: 12_000_000,
  trainedParameters: 8_000_000,
  captionExamples: ['an avocado, fluent style', 'a balloon, fluent style'],
  unknownWords: [],
  prompts: [{ prompt: 'a crab, fluent style', negativePrompt: '' }],
  classImages: null,
  warnings: [],
};

export const exampleDataset: DatasetSummary = {
  id: 1,
  name: 'Fluent emoji',
  folder: '/sample',
  images: 88,
  excluded: 0,
  heldOut: 12,
  problems: 0,
  captionSets: 2,
  importing: false,
  embedded: true,
  createdAt: 0,
  cover: [1, 2, 3, 4],
};

export const exampleCaptionSet: CaptionSetData = {
  id: 1,
  datasetId: 1,
  name: 'From metadata',
  source: { kind: 'sidecar' },
  tags: { shuffle: false, keepFirst: 1, dropout: 0, variants: 8 },
  captioned: 88,
  uncaptioned: 0,
  byHand: 0,
};

export const exampleModel: Model = {
  id: 1,
  name: 'Seedling',
  kind: 'embedded',
  folder: '/seedling',
  missing: false,
  resolution: 64,
  pixelStep: 8,
  parameters: 12_000_000,
  components: [{ name: 'unet', className: 'UNet2DConditionModel', parameters: 8_000_000, dtype: 'float16' }],
  bytes: 24_000_000,
  prediction: 'epsilon',
  parentId: null,
  runId: null,
  epoch: null,
  card: null,
  createdAt: 0,
};

export const exampleRun: RunSummary = {
  id: 7,
  name: 'emoji, full',
  status: 'training',
  queuePosition: null,
  datasetId: 1,
  datasetName: 'Fluent emoji',
  captionSetName: 'From metadata',
  baseModelId: 1,
  baseName: 'Seedling',
  method: 'full',
  epochs: 10,
  epoch: 2,
  step: 38,
  steps: 190,
  checkpoints: [1, 2],
  trainLoss: 0.12,
  validationLoss: 0.13,
  seconds: 65,
  cost: null,
  failure: null,
  createdAt: 1000,
  startedAt: 1000,
  endedAt: null,
  coverSampleId: null,
};
