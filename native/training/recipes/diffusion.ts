import { join } from 'node:path';

import type { StableDiffusion } from '../../families/stable-diffusion/open-model.ts';
import type { JobContext, TrainingImage, TrainJob } from '../../jobs.ts';
import { prefersMatrixConv } from '../../kernels/matrix-conv.ts';
import { autoencoderFactor } from '../../models/autoencoder.ts';
import type { ReadWeight } from '../../models/inference.ts';
import type { ParameterSpec } from '../../models/model-builder.ts';
import { unetStride } from '../../models/unet.ts';
import { noiseSchedule } from '../../noise/noise-schedule.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import { buildArtifacts, totalElements, type TrainingArtifacts } from '../artifacts.ts';
import { batchParts } from '../batch-parts.ts';
import { openBlobCache } from '../blob-cache.ts';
import { cachedEmbeddings, type Conditioning, tokenIds } from '../conditioning.ts';
import { parseDiffusionShapeKey, planValidation, prepareTrainingBatch } from '../diffusion-batches.ts';
import {
  buildDiffusionGraph,
  type DiffusionGraphOptions,
  parameterPrefixes,
  type TrainedComponent,
} from '../diffusion-graph.ts';
import { encodeCaptions, encodeImages, type EncodeOptions } from '../encode.ts';
import { checkImageSizes } from '../image-sizes.ts';
import { readFinite } from '../run-state.ts';
import { createTrainer, type Trainer } from '../trainer.ts';
import type { Recipe } from '../training-loop.ts';

/** Float32 arrays of latents and embeddings kept in memory; what exceeds it is read from disk again. */
const cacheMemoryBytes = 512 << 20;

export interface DiffusionRecipeOptions {
  readonly job: TrainJob;
  readonly model: StableDiffusion;
  readonly runtime: Runtime;
  readonly context: JobContext;
  readonly textEncoderTrained: boolean;
  readonly trained: DiffusionGraphOptions['trained'];
  /** First values of what is trained. */
  readonly initial: (spec: ParameterSpec) => Promise<Float32Array<ArrayBuffer>>;
  readonly writeCheckpoint: (folder: string, trainer: Trainer) => Promise<void>;
}

/** What full finetuning, LoRA and training from scratch share: everything but what is trained and what is kept of it. */
export async function diffusionRecipe(options: DiffusionRecipeOptions): Promise<Recipe> {
  const { job, model, runtime, context, textEncoderTrained } = options;
  const { settings } = job;
  checkImageSizes(job, autoencoderFactor(model.vae.config) * unetStride(model.unet.config));
  const cache = openBlobCache(job.cacheFolder, cacheMemoryBytes);
  const encodeOptions = async (component: 'vae' | 'text_encoder', phase: string): Promise<EncodeOptions> => ({
    runtime,
    readWeight: model[component].readWeight,
    modelHash: await model[component].hash(),
    cache,
    onProgress: (done, total) => {
      context.emit({ type: 'progress', phase, done, total });
    },
    stop: context.stop,
  });

  const all = [...job.images, ...job.validation];
  const flips = settings.randomFlip ? [false, true] : [false];
  const views = [
    ...job.images.flatMap((image) => flips.map((flipped) => ({ image, flipped }))),
    ...job.validation.map((image) => ({ image, flipped: false })),
  ];
  const readMoments = await encodeImages(
    views,
    model.vae.config,
    await encodeOptions('vae', 'encoding images'),
  );
  const conditioning = textEncoderTrained
    ? tokenIds((text) => model.tokenizer.encode(text))
    : await frozenConditioning(all, model, await encodeOptions('text_encoder', 'encoding captions'));

  const layout = {
    channels: model.vae.config.latentChannels,
    factor: autoencoderFactor(model.vae.config),
    scalingFactor: model.vae.config.scalingFactor,
  };
  const schedule = noiseSchedule(model.scheduler);
  const built = new Map<string, TrainingArtifacts>();
  const artifacts = (shapeKey: string, parts: number): TrainingArtifacts => {
    const shape = parseDiffusionShapeKey(shapeKey);
    const key = `${shapeKey} in ${parts}`;
    let found = built.get(key);
    if (!found) {
      const graph = buildDiffusionGraph({
        unet: model.unet.config,
        text: textEncoderTrained ? model.text_encoder.config : null,
        predictionType: schedule.predictionType,
        trained: options.trained,
        tokens: model.text_encoder.config.positions,
        matrixConv: prefersMatrixConv(runtime.provider),
        ...shape,
        batch: shape.batch / parts,
      });
      built.set(key, (found = buildArtifacts(graph, runtime.provider)));
    }
    return found;
  };

  const batchOptions = { settings, schedule, layout, readMoments, conditioning };
  const validation = planValidation(job.validation, settings.batchSize, batchOptions);
  context.emit({ type: 'progress', phase: 'building the training graph', done: 0, total: 1 });
  const { trainable, frozen } = artifacts(firstShapeKey(job, layout.factor), 1);
  const trainer = await createTrainer({
    runtime,
    optimizer: { ...settings, ema: settings.emaDecay > 0 },
    trainable,
    initial: options.initial,
    frozen: baseWeight(model),
    artifacts,
    parts: batchParts(
      runtime,
      totalElements(trainable) + totalElements(frozen),
      (shapeKey) => parseDiffusionShapeKey(shapeKey).batch,
    ),
    accumulate: settings.gradientAccumulation > 1,
    artifactFolder: join(job.folder, 'artifacts'),
  });
  context.emit({ type: 'progress', phase: 'building the training graph', done: 1, total: 1 });
  return {
    trainer,
    prepare: (batch, place) => prepareTrainingBatch(batch, place, batchOptions),
    validation,
    writeCheckpoint: (folder) => options.writeCheckpoint(folder, trainer),
    dispose: () => trainer.dispose(),
  };
}

/** The parameters are the same for every shape; any will do to ask for their names. */
function firstShapeKey({ images }: TrainJob, factor: number): string {
  const { width, height } = images[0]!;
  return `1x${height / factor}x${width / factor}`;
}

async function frozenConditioning(
  images: readonly TrainingImage[],
  model: StableDiffusion,
  options: EncodeOptions,
): Promise<Conditioning> {
  const captions = ['', ...images.flatMap((image) => image.captions)];
  const tokenize = (text: string): readonly number[] => model.tokenizer.encode(text);
  return cachedEmbeddings(await encodeCaptions(captions, model.text_encoder.config, tokenize, options));
}

/** The component a parameter belongs to and its state-dict key. */
export function splitParameterName(name: string): { component: TrainedComponent; key: string } {
  for (const component of Object.keys(parameterPrefixes) as TrainedComponent[]) {
    const prefix = parameterPrefixes[component];
    if (name.startsWith(prefix)) return { component, key: name.slice(prefix.length) };
  }
  throw new Error(`${name} belongs to no component.`);
}

/** Reads a parameter from the base by its name in the training graph. */
export function baseWeight(model: StableDiffusion): ReadWeight {
  return ({ name, shape }) => {
    const { component, key } = splitParameterName(name);
    return model[component].readWeight({ name: key, shape });
  };
}

/** Writes the trained components into a checkpoint as diffusers has them, averaged weights where they are kept. */
export async function writeComponents(
  folder: string,
  trainer: Trainer,
  { job, model }: Pick<DiffusionRecipeOptions, 'job' | 'model'>,
): Promise<void> {
  const kind = job.settings.emaDecay > 0 ? 'ema' : 'parameter';
  const byComponent = Map.groupBy(trainer.trainable, ({ name }) => splitParameterName(name).component);
  for (const [component, specs] of byComponent) {
    await model[component].write(
      join(folder, component),
      job.settings.checkpointPrecision,
      specs.map(({ name, shape }) => ({
        name: splitParameterName(name).key,
        shape,
        data: () => readFinite(trainer, kind, { name, shape }),
      })),
    );
  }
}
