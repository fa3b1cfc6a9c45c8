import { join } from 'node:path';

import { LRUCache } from 'lru-cache';

import { artifactsName } from '../../facts/run-folder.ts';
import type { Autoencoder } from '../../families/family.ts';
import { asItIs, drawView, type ImageView, readView } from '../../images/image-views.ts';
import type { Method, TrainingImage, TrainJob } from '../../jobs.ts';
import { updateRule } from '../../optimizers/optimizers.ts';
import { normals, uniform } from '../../random/philox.ts';
import { precisionOn } from '../../runtime/precision.ts';
import { buildArtifacts, kindOf, trainedOf } from '../artifacts.ts';
import { buildAutoencoderGraph } from '../autoencoder-graph.ts';
import type { BatchShape } from '../batch-shape.ts';
import { type ComponentToWrite, writeTrainedComponent } from '../checkpoint-weights.ts';
import { bucketRows } from '../data-order.ts';
import { notFusedNote } from '../fused-backward.ts';
import { checkImageSizes } from '../image-sizes.ts';
import { initialWeights } from '../initial-weights.ts';
import { openTrainer } from '../rows-in-turn.ts';
import { measureScalingFactor } from '../scaling-factor.ts';
import type { Trainer } from '../trainer.ts';
import type { PreparedBatch, Recipe, RecipeOptions, TrainingTask } from '../training-task.ts';

type VaeMethod = Extract<Method, { readonly kind: 'vae' | 'decoder' }>;

/**
 * The autoencoder or its decoder alone, from the base's weights or fresh ones. Where the encoder is trained, its checkpoint's
 * scaling factor is measured on the data set.
 */
export function vaeRecipe(options: RecipeOptions, method: VaeMethod): Recipe {
  const { job, model, runtime } = options;
  const { autoencoder } = model;
  checkImageSizes(job, autoencoder.factor);
  const graph = (shape: BatchShape) =>
    buildAutoencoderGraph(autoencoder, {
      shape,
      part: method.kind === 'vae' ? 'all' : 'decoder',
      matrixConv: runtime.prefersMatrixConv,
      ...(method.kind === 'vae' ? { kl: method.kl } : { edgeWeight: method.edgeWeight }),
    });
  const { width, height } = job.images[0]!;
  const parameters = [...graph({ rows: 1, size: { height, width } }).parameters.keys()];
  return { parameters, encoders: [], start: () => start(options, method, parameters, graph) };
}

async function start(
  options: RecipeOptions,
  method: VaeMethod,
  parameters: Recipe['parameters'],
  graph: (shape: BatchShape) => ReturnType<typeof buildAutoencoderGraph>,
): Promise<TrainingTask> {
  const { job, model, runtime, context } = options;
  const { settings } = job;
  const { autoencoder } = model;
  const { component } = autoencoder;
  const precision = precisionOn(runtime, settings.precision);
  if (settings.fusedBackward) context.emit({ type: 'note', message: notFusedNote });
  context.emit({ type: 'progress', phase: 'building the training graph', done: 0, total: 1 });
  const trainer = await openTrainer(job, {
    runtime,
    rule: updateRule(settings, precision),
    trainable: trainedOf(parameters),
    initial: (parameter) =>
      model.component(component).hasWeights
        ? model.readWeight(parameter)
        : Promise.resolve(initialWeights(parameter, settings.seed)),
    frozen: model.readWeight,
    artifacts: (shape) => buildArtifacts(graph(shape), { ...kindOf(runtime), precision }),
    artifactFolder: join(job.folder, artifactsName),
  });
  context.emit({ type: 'progress', phase: 'building the training graph', done: 1, total: 1 });
  const fill = batchFiller(autoencoder);
  const noiseFor = noiseSource(autoencoder, method, settings.seed);
  const silence = (image: TrainingImage): Float32Array => new Float32Array(latentSize(autoencoder, image));
  return {
    trainer,
    prepare: ({ images, rows }, { step, firstIndex, share }) => {
      const members = images.map((image, i) => ({
        ...drawView(image, settings, step, firstIndex + i),
        noise: noiseFor(image, step, firstIndex + i),
      }));
      return fill(members, rows, share);
    },
    validation: planHeldOut(job, (members, rows) =>
      // Without noise: how well the mean is decoded.
      fill(
        members.map((image) => ({ ...asItIs(image), noise: silence(image) })),
        rows,
        1 / job.validation.length,
      ),
    ),
    writeCheckpoint: async (folder) => {
      const kept = await besidesTrained(options, method, trainer);
      await writeTrainedComponent(folder, component, { model, trainer }, settings, kept);
    },
    dispose: () => trainer.dispose(),
  };
}

/** What of the checkpoint's autoencoder was not trained: the encoder's weights, or else the scaling factor. */
async function besidesTrained(
  { job, model, runtime }: RecipeOptions,
  { kind }: VaeMethod,
  trainer: Trainer,
): Promise<ComponentToWrite> {
  const { autoencoder } = model;
  if (kind === 'vae')
    return { changes: { scaling_factor: await measureScalingFactor(job, runtime, trainer, autoencoder) } };
  const trained = new Set(trainer.trainable.map(({ key }) => key));
  const weights = model.component(autoencoder.component).weights();
  return { frozen: weights.filter(({ name }) => !trained.has(name)) };
}

interface Member extends ImageView {
  readonly noise: Float32Array;
}

/** Lays pictures and noise out as the graph's inputs. */
function batchFiller({
  pictureChannels,
}: Autoencoder): (members: readonly Member[], rows: number, share: number) => Promise<PreparedBatch> {
  const pixels = pixelMemory();
  return async (members, rows, share) => {
    const { height, width } = members[0]!.image;
    const size = pictureChannels * height * width;
    const pictures = new Float32Array(rows * size);
    const noise = new Float32Array(rows * members[0]!.noise.length);
    const weights = new Float32Array(rows);
    for (const [i, member] of members.entries()) {
      pictures.set(await pixels(member), i * size);
      noise.set(member.noise, i * member.noise.length);
      weights[i] = share;
    }
    return { shape: { rows, size: { height, width } }, data: { pictures, noise, loss_weights: weights } };
  };
}

function latentSize({ latentChannels, factor }: Autoencoder, { height, width }: TrainingImage): number {
  return (latentChannels * height * width) / factor ** 2;
}

function noiseSource(
  autoencoder: Autoencoder,
  method: VaeMethod,
  seed: number,
): (image: TrainingImage, step: number, index: number) => Float32Array {
  return (image, step, index) => {
    const noise = normals(seed, 'noise', step, index, new Float32Array(latentSize(autoencoder, image)));
    if (method.kind === 'vae') return noise;
    const deviation = method.latentNoise * uniform(seed, 'noise-deviation', step, index);
    return noise.map((value) => deviation * value);
  };
}

function planHeldOut(
  { validation, settings }: TrainJob,
  fill: (members: readonly TrainingImage[], rows: number) => Promise<PreparedBatch>,
): (() => Promise<PreparedBatch>)[] {
  const rowsOf = bucketRows(validation, settings.batchSize);
  return [...Map.groupBy(validation, ({ width, height }) => `${width}x${height}`)].flatMap(
    ([key, members]) => {
      const rows = rowsOf.get(key)!;
      const batches: (() => Promise<PreparedBatch>)[] = [];
      for (let i = 0; i < members.length; i += rows)
        batches.push(() => fill(members.slice(i, i + rows), rows));
      return batches;
    },
  );
}

/** Bytes of decoded pictures kept; a small data set is read once. */
const pixelMemoryBytes = 512 << 20;

function pixelMemory(): (view: ImageView) => Promise<Float32Array> {
  const kept = new LRUCache<string, Float32Array>({
    maxSize: pixelMemoryBytes,
    sizeCalculation: ({ byteLength }) => byteLength,
  });
  return async (view) => {
    const { path, width, height } = view.image;
    const altered = view.alteration ? JSON.stringify(view.alteration) : '';
    const key = `${width}x${height}${view.flipped ? '-' : '+'}${altered}${path}`;
    const known = kept.get(key);
    if (known) return known;
    const pixels = await readView(view);
    kept.set(key, pixels);
    return pixels;
  };
}
