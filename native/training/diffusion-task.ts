import { join } from 'node:path';

import { trainedParts } from '../facts/methods.ts';
import { artifactsName } from '../facts/run-folder.ts';
import type { OpenModel } from '../families/family.ts';
import { asItIs, ofClassImages, viewsOf } from '../images/image-views.ts';
import type { TrainingImage } from '../jobs.ts';
import { largeModel } from '../models/large-model.ts';
import type { Parameter } from '../models/parameter.ts';
import { updateRule } from '../optimizers/optimizers.ts';
import { canBePiecewise } from '../optimizers/piecewise-update.ts';
import { availableMemory } from '../runtime/available-memory.ts';
import { precisionOn } from '../runtime/precision.ts';
import { buildArtifacts, kindOf, totalElements, trainedOf } from './artifacts.ts';
import { batchParts } from './batch-parts.ts';
import type { BatchShape } from './batch-shape.ts';
import { type BlobCache, openBlobCache } from './blob-cache.ts';
import { cachedStates, type CaptionInputs, tokenInputs } from './caption-inputs.ts';
import { checkClassImages } from './class-images.ts';
import { mostRows } from './data-order.ts';
import { latentBatchShape, planValidation, prepareTrainingBatch } from './diffusion-batches.ts';
import { buildDiffusionGraph, type DiffusionGraphOptions } from './diffusion-graph.ts';
import type { LossForm } from './diffusion-loss.ts';
import { encodeCaptions } from './encode-captions.ts';
import { encodeImages, type ReadMoments } from './encode-images.ts';
import type { EncodeOptions } from './encoding.ts';
import { isFused } from './fused-backward.ts';
import { checkImageSizes } from './image-sizes.ts';
import { encodeMasks } from './masks.ts';
import { frozenTypeOn, planMemory } from './memory-plan.ts';
import { readOrigins } from './picture-origins.ts';
import { rankDropout } from './rank-dropout.ts';
import { openTrainer } from './rows-in-turn.ts';
import { seenImages } from './seen-images.ts';
import type { Trainer } from './trainer.ts';
import { checkpointScheduler } from './training-noise.ts';
import type { Recipe, RecipeOptions, TrainingTask } from './training-task.ts';

/** Float32 arrays of latents and embeddings kept in memory; what exceeds it is read from disk again. */
const cacheMemoryBytes = 512 << 20;

export interface DiffusionMethod {
  readonly trained: DiffusionGraphOptions['trained'];
  /** Of adapters that drop ranks: with which probability. */
  readonly rankDropout?: number;
  /** Of LoRA+; left out: 1. */
  readonly upRate?: number;
  /** First values of what is trained. */
  readonly initial: (parameter: Parameter) => Promise<Float32Array<ArrayBuffer>>;
  readonly writeCheckpoint: (folder: string, trainer: Trainer) => Promise<void>;
}

/** What the methods that train a denoiser share: everything but what is trained and what is kept of it. */
export function diffusionRecipe(options: RecipeOptions, method: DiffusionMethod): Recipe {
  const { job, model, runtime } = options;
  const { autoencoder, conditioning, denoiser } = model;
  const encodes = trainsTextEncoders(job);
  checkImageSizes(job, autoencoder.factor * denoiser.stride);
  const build: BuildDiffusion = (shape, frozenType) =>
    buildDiffusionGraph({
      denoiser,
      conditioning,
      noise: model.noise,
      encodes,
      trained: method.trained,
      loss: lossForm(job.settings),
      shape,
      matrixConv: runtime.prefersMatrixConv,
      ...(frozenType && { frozenType }),
    });
  // The parameters are the same for every shape; any will do to ask for them.
  const { parameters } = build(latentBatchShape(1, job.images[0]!, autoencoder));
  return {
    parameters: [...parameters.keys()],
    encoders: [autoencoder.component, ...(encodes ? [] : conditioning.encoders)],
    start: () => startDiffusion(options, method, [...parameters.keys()], build),
  };
}

type BuildDiffusion = (
  shape: BatchShape,
  frozenType?: DiffusionGraphOptions['frozenType'],
) => ReturnType<typeof buildDiffusionGraph>;

async function startDiffusion(
  { job, model, runtime, context }: RecipeOptions,
  method: DiffusionMethod,
  parameters: readonly Parameter[],
  build: BuildDiffusion,
): Promise<TrainingTask> {
  const { settings } = job;
  const { autoencoder, conditioning, noise } = model;
  // Before encoders have taken any of it, which they keep for what follows.
  const available = await availableMemory(runtime, job.device.gpu);
  checkClassImages(job);
  const images = [...job.images, ...job.validation, ...(job.prior?.images ?? [])];
  const cache = openBlobCache(job.cacheFolder, cacheMemoryBytes);
  const encoding = { runtime, context, cache };
  const batchOptions = {
    settings,
    noise,
    autoencoder,
    conditioning,
    originOf: await readOrigins(images, conditioning),
    ...(job.prior && { priorWeight: job.prior.weight }),
    readMoments: await encodeViews(job, model, encoding),
    readMask: await encodeMasks(job.images, autoencoder.factor, settings, { cache, stop: context.stop }),
    captions: trainsTextEncoders(job)
      ? tokenInputs(conditioning)
      : await frozenCaptions(images, model, encoding),
    rankDropout: rankDropout(method.rankDropout ?? 0, parameters, settings),
  };
  context.emit({ type: 'progress', phase: 'building the training graph', done: 0, total: 1 });
  const precision = precisionOn(runtime, settings.precision);
  const rule = updateRule(settings, precision, method.upRate);
  const fused = isFused(settings, runtime, context);
  const place = { provider: runtime.provider, available };
  const memory = planMemory(job, model, place);
  const staged = fused || (memory?.staged ?? false);
  if (memory?.recompute) context.emit({ type: 'note', message: recomputeNote });
  const trainable = trainedOf(parameters);
  const piecewise =
    staged && !runtime.tensorsAreArrays && totalElements(trainable) >= largeModel && canBePiecewise(rule);
  const trainer = await openTrainer(job, {
    runtime,
    rule,
    trainable,
    initial: method.initial,
    frozen: model.readWeight,
    artifacts: (shape) =>
      staged
        ? // Widened where they are used, and forgotten after it.
          buildArtifacts(build(shape, frozenTypeOn(runtime.provider, model.weightType)), {
            ...kindOf(runtime),
            ...{ recompute: true, keptInside: memory?.keptInside ?? 0, precision },
          })
        : buildArtifacts(build(shape), { ...kindOf(runtime), precision }),
    parts: batchParts(runtime, totalElements(parameters)),
    fused,
    ...(piecewise && { piecewise }),
    artifactFolder: join(job.folder, artifactsName),
  });
  context.emit({ type: 'progress', phase: 'building the training graph', done: 1, total: 1 });
  const scheduler = checkpointScheduler(model.schedulerFile, settings);
  return {
    trainer,
    ...(scheduler && { scheduler }),
    prepare: (batch, place) => prepareTrainingBatch(batch, place, batchOptions),
    validation: planValidation(job.validation, mostRows(job), batchOptions),
    seen: planValidation(seenImages(job.images, job.validation), mostRows(job), batchOptions),
    writeCheckpoint: (folder) => method.writeCheckpoint(folder, trainer),
    dispose: () => trainer.dispose(),
  };
}

const recomputeNote =
  'To save memory, some of what lies inside of the model’s modules is computed again on the way back instead of being kept.';

function lossForm({ loss, noise, masks }: RecipeOptions['job']['settings']): LossForm {
  const kind = loss?.kind ?? 'mse';
  return {
    ...(kind !== 'mse' && { robust: kind }),
    ...((noise?.inputPerturbation ?? 0) > 0 && { perturbs: true }),
    ...(masks !== undefined && masks.source !== 'none' && { masked: true }),
  };
}

function trainsTextEncoders({ method }: RecipeOptions['job']): boolean {
  return trainedParts(method).includes('textEncoders');
}

interface Encoding extends Pick<RecipeOptions, 'runtime' | 'context'> {
  readonly cache: BlobCache;
}

async function encodeOptions(
  model: OpenModel,
  components: readonly string[],
  phase: string,
  { runtime, context, cache }: Encoding,
): Promise<EncodeOptions> {
  const hashes = await Promise.all(components.map((name) => model.component(name).hash()));
  return {
    runtime,
    readWeight: model.readWeight,
    weightType: model.weightType,
    modelHash: hashes.join('+'),
    cache,
    onProgress: (done, total) => {
      context.emit({ type: 'progress', phase, done, total });
    },
    stop: context.stop,
  };
}

/** The latents of all images, and of all versions of those that are trained on. */
async function encodeViews(
  { images, validation, prior, settings }: RecipeOptions['job'],
  model: OpenModel,
  encoding: Encoding,
): Promise<ReadMoments> {
  const views = [
    ...images.flatMap((image) => viewsOf(image, settings)),
    ...(prior?.images ?? []).flatMap((image) => viewsOf(image, ofClassImages(settings))),
    ...validation.map(asItIs),
  ];
  const { autoencoder } = model;
  const options = await encodeOptions(model, [autoencoder.component], 'encoding images', encoding);
  return encodeImages(views, autoencoder, options);
}

async function frozenCaptions(
  images: readonly TrainingImage[],
  model: OpenModel,
  encoding: Encoding,
): Promise<CaptionInputs> {
  const { conditioning } = model;
  const captions = [null, ...images.flatMap((image) => image.captions)];
  const options = await encodeOptions(model, conditioning.encoders, 'encoding captions', encoding);
  return cachedStates(conditioning, await encodeCaptions(captions, conditioning, options));
}
