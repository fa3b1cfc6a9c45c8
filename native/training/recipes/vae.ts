import { join } from 'node:path';

import { Failure } from '../../failure.ts';
import type { StableDiffusion } from '../../families/stable-diffusion/open-model.ts';
import { elementCount } from '../../graph/data-type.ts';
import { Graph, type Value } from '../../graph/graph.ts';
import { abs, add, exp, mul, sub } from '../../graph/ops/elementwise.ts';
import { reduceSum } from '../../graph/ops/reduce.ts';
import { reshape, slice } from '../../graph/ops/shape.ts';
import type { JobContext, Method, TrainingImage, TrainJob } from '../../jobs.ts';
import { prefersMatrixConv } from '../../kernels/matrix-conv.ts';
import { type AutoencoderConfig, autoencoderFactor, decode, encode } from '../../models/autoencoder.ts';
import { openInference } from '../../models/inference.ts';
import { InputParameters } from '../../models/model-builder.ts';
import { bernoulli, normals, uniform } from '../../random/philox.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import { buildArtifacts, type LossGraph, type TrainingArtifacts } from '../artifacts.ts';
import { bucketRows, type MicroBatch } from '../data-order.ts';
import { readView } from '../encode.ts';
import { checkImageSizes } from '../image-sizes.ts';
import { initialWeights } from '../initial-weights.ts';
import { readFinite } from '../run-state.ts';
import { createTrainer, type Trainer } from '../trainer.ts';
import type { BatchPlace, PreparedBatch, Recipe } from '../training-loop.ts';

interface VaeOptions {
  readonly job: TrainJob;
  readonly model: Pick<StableDiffusion, 'vae'>;
  readonly runtime: Runtime;
  readonly context: JobContext;
}

export interface AutoencoderGraphOptions {
  readonly batch: number;
  /** Of the pictures. */
  readonly height: number;
  readonly width: number;
  readonly kl?: number;
  readonly matrixConv?: boolean;
  readonly part?: 'all' | 'decoder';
  readonly edgeWeight?: number;
}

/**
 * The autoencoder's loss, per sample the mean over its elements of absolute error, squared error and absolute error of
 * the horizontal and vertical differences (which keeps edges sharp without an adversary), plus `kl` times the KL
 * divergence of the posterior to a standard normal, in nats per latent element.
 *
 * Inputs besides parameters: `pictures` [n, 3, H, W], `noise` [n, latent channels, h, w], `loss_weights` [n].
 * With `part` 'decoder' the encoder's parameters are frozen, and `noise` is added to the latents as it is instead of in
 * deviations of the posterior. `edgeWeight` is that of the differences' error.
 */
export function buildAutoencoderGraph(
  config: AutoencoderConfig,
  { batch, height, width, kl = 0, matrixConv = false, part = 'all', edgeWeight = 1 }: AutoencoderGraphOptions,
): LossGraph {
  const graph = new Graph();
  const model = new InputParameters(graph, '', { matrixConv });
  const factor = autoencoderFactor(config);
  const pictures = graph.input('pictures', 'float32', [batch, config.inChannels, height, width]);
  const latentShape = [batch, config.latentChannels, height / factor, width / factor];
  const noise = graph.input('noise', 'float32', latentShape);
  const weights = graph.input('loss_weights', 'float32', [batch]);
  const { mean, logVariance } = encode(model, config, pictures);
  const added = part === 'all' ? mul(exp(mul(logVariance, 0.5)), noise) : noise;
  const decoded = decode(model, config, add(mean, added));

  const perSample = (x: Value): Value =>
    mul(reduceSum(reshape(x, [batch, elementCount(x.shape) / batch]), [1]), batch / elementCount(x.shape));
  const difference = sub(decoded, pictures);
  const edges = (axis: number, extent: number): Value =>
    abs(
      sub(
        slice(difference, [{ axis, begin: 1, end: extent }]),
        slice(difference, [{ axis, begin: 0, end: extent - 1 }]),
      ),
    );
  const divergence = mul(sub(add(mul(mean, mean), exp(logVariance)), add(logVariance, 1)), 0.5);
  const parts = [
    perSample(abs(difference)),
    perSample(mul(difference, difference)),
    mul(perSample(edges(2, height)), edgeWeight),
    mul(perSample(edges(3, width)), edgeWeight),
    mul(perSample(divergence), kl),
  ];
  const loss = reduceSum(mul(parts.reduce(add), weights), [0]);
  const isTrained = (name: string): boolean => part === 'all' || /^(?:decoder|post_quant_conv)\./.test(name);
  const split = Map.groupBy(model.values, ([name]) => isTrained(name));
  const [trainable, frozen] = [new Map(split.get(true)), new Map(split.get(false))];
  return { graph, loss, trainable, frozen, tapsFirst: model.tapsFirst };
}

/**
 * The VAE or its decoder alone, from the base's weights or fresh ones. Where the encoder is trained, its checkpoint's
 * scaling factor is measured on the data set.
 */
export async function vaeRecipe(
  { job, model, runtime, context }: VaeOptions,
  method: Extract<Method, { kind: 'vae' | 'decoder' }>,
): Promise<Recipe> {
  const { settings } = job;
  const { config } = model.vae;
  const part = method.kind === 'vae' ? 'all' : 'decoder';
  const options = {
    part,
    matrixConv: prefersMatrixConv(runtime.provider),
    ...(method.kind === 'vae' ? { kl: method.kl } : { edgeWeight: method.edgeWeight }),
  } as const;
  checkImageSizes(job, autoencoderFactor(config));
  const built = new Map<string, TrainingArtifacts>();
  const artifacts = (shapeKey: string): TrainingArtifacts => {
    let found = built.get(shapeKey);
    if (!found) {
      const [batch, height, width] = shapeKey.split('x').map(Number) as [number, number, number];
      built.set(
        shapeKey,
        (found = buildArtifacts(
          buildAutoencoderGraph(config, { batch, height, width, ...options }),
          runtime.provider,
        )),
      );
    }
    return found;
  };
  context.emit({ type: 'progress', phase: 'building the training graph', done: 0, total: 1 });
  const first = job.images[0]!;
  const trainer = await createTrainer({
    runtime,
    optimizer: { ...settings, ema: settings.emaDecay > 0 },
    trainable: artifacts(`1x${first.height}x${first.width}`).trainable,
    initial: (spec) =>
      model.vae.hasWeights
        ? model.vae.readWeight(spec)
        : Promise.resolve(initialWeights(spec, settings.seed, false)),
    frozen: (spec) => model.vae.readWeight(spec),
    artifacts,
    accumulate: settings.gradientAccumulation > 1,
    artifactFolder: join(job.folder, 'artifacts'),
  });
  context.emit({ type: 'progress', phase: 'building the training graph', done: 1, total: 1 });
  const pixels = pixelMemory();
  const fill = async (
    members: readonly {
      readonly image: TrainingImage;
      readonly flipped: boolean;
      readonly noise: Float32Array;
    }[],
    rows: number,
    share: number,
  ): Promise<PreparedBatch> => {
    const { height, width } = members[0]!.image;
    const pictures = new Float32Array(rows * config.inChannels * height * width);
    const noise = new Float32Array(rows * members[0]!.noise.length);
    const weights = new Float32Array(rows);
    for (const [i, member] of members.entries()) {
      pictures.set(await pixels(member), i * config.inChannels * height * width);
      noise.set(member.noise, i * member.noise.length);
      weights[i] = share;
    }
    return { shapeKey: `${rows}x${height}x${width}`, data: { pictures, noise, loss_weights: weights } };
  };
  const latentSize = ({ height, width }: TrainingImage): number =>
    (config.latentChannels * height * width) / autoencoderFactor(config) ** 2;

  const noiseFor = (image: TrainingImage, step: number, index: number): Float32Array => {
    const noise = normals(settings.seed, 'noise', step, index, new Float32Array(latentSize(image)));
    if (method.kind === 'vae') return noise;
    const deviation = method.latentNoise * uniform(settings.seed, 'noise-deviation', step, index);
    return noise.map((value) => deviation * value);
  };

  return {
    trainer,
    prepare: ({ images, rows }: MicroBatch, { step, firstIndex, share }: BatchPlace) => {
      const members = images.map((image, i) => ({
        image,
        flipped: settings.randomFlip && bernoulli(settings.seed, 'flip', step, firstIndex + i, 0.5),
        noise: noiseFor(image, step, firstIndex + i),
      }));
      return fill(members, rows, share);
    },
    validation: planHeldOut(job, (members, rows) =>
      // Without noise: how well the mean is decoded.
      fill(
        members.map((image) => ({ image, flipped: false, noise: new Float32Array(latentSize(image)) })),
        rows,
        1 / job.validation.length,
      ),
    ),
    writeCheckpoint: async (folder) => {
      const kind = settings.emaDecay > 0 ? 'ema' : 'parameter';
      const trained = trainer.trainable.map(({ name, shape }) => ({
        name,
        shape,
        data: () => readFinite(trainer, kind, { name, shape }),
      }));
      const names = new Set(trained.map(({ name }) => name));
      await model.vae.write(
        join(folder, 'vae'),
        settings.checkpointPrecision,
        part === 'all'
          ? trained
          : [...trained, ...model.vae.weights().filter(({ name }) => !names.has(name))],
        part === 'all'
          ? { scaling_factor: await measureScalingFactor(job, runtime, trainer, config) }
          : undefined,
      );
    },
    dispose: () => trainer.dispose(),
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

/** Images whose latents decide the scaling factor. */
const measuredImages = 256;

/** 1 / standard deviation of the latents, as Rombach et al. (2022), appendix G, define it. */
async function measureScalingFactor(
  { images, settings }: TrainJob,
  runtime: Runtime,
  trainer: Trainer,
  config: AutoencoderConfig,
): Promise<number> {
  const { height, width } = images[0]!;
  const kind = settings.emaDecay > 0 ? 'ema' : 'parameter';
  const encoder = await openInference(
    runtime,
    ({ name, shape }) => trainer.readState(kind, name, new Float32Array(elementCount(shape))),
    (model, graph) => ({
      mean: encode(model, config, graph.input('pictures', 'float32', [1, 3, height, width])).mean,
    }),
  );
  let [count, sum, squares] = [0, 0, 0];
  const measured = images
    .filter((image) => image.width === width && image.height === height)
    .slice(0, measuredImages);
  for (const image of measured) {
    const { mean } = await encoder.run({ pictures: await readView({ image, flipped: false }) });
    for (const value of mean!) {
      sum += value;
      squares += value * value;
    }
    count += mean!.length;
  }
  await encoder.dispose();
  const variance = squares / count - (sum / count) ** 2;
  if (variance > 0) return 1 / Math.sqrt(variance);
  throw new Failure(
    'latents-constant',
    'The VAE gives the same latents for every image, so nothing can be trained on them.',
    'Train it with a lower learning rate or a lower weight of the KL divergence, and on images that differ.',
  );
}

/** Bytes of decoded pictures kept; a small data set is read once. */
const pixelMemoryBytes = 512 << 20;

type ReadPixels = (view: {
  readonly image: TrainingImage;
  readonly flipped: boolean;
}) => Promise<Float32Array>;

function pixelMemory(): ReadPixels {
  const kept = new Map<string, Float32Array>();
  let used = 0;
  return async (view) => {
    const { path, width, height } = view.image;
    const key = `${width}x${height}${view.flipped ? '-' : '+'}${path}`;
    const known = kept.get(key);
    if (known) return known;
    const pixels = await readView(view);
    if (used + pixels.byteLength <= pixelMemoryBytes) {
      kept.set(key, pixels);
      used += pixels.byteLength;
    }
    return pixels;
  };
}
