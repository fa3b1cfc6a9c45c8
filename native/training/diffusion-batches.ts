import type { Autoencoder, Conditioning } from '../families/family.ts';
import { pictureFacts } from '../families/picture-facts.ts';
import type { PictureOrigin } from '../images/picture-origin.ts';
import type { TrainingImage, TrainingSettings } from '../jobs.ts';
import type { NoiseProcess } from '../noise/noise-process.ts';
import { bernoulli, integer, normals, uniform } from '../random/philox.ts';
import type { BatchShape } from './batch-shape.ts';
import type { CaptionInputs } from './caption-inputs.ts';
import { bucketRows, type MicroBatch } from './data-order.ts';
import { timestepWeight } from './diffusion-loss.ts';
import type { ReadMoments } from './encode-images.ts';
import type { OriginOf } from './picture-origins.ts';
import type { BatchPlace, PreparedBatch } from './training-task.ts';

export interface DiffusionBatchOptions {
  readonly settings: TrainingSettings;
  readonly noise: NoiseProcess;
  readonly autoencoder: Pick<Autoencoder, 'latentChannels' | 'factor' | 'scalingFactor'>;
  readonly readMoments: ReadMoments;
  readonly captions: CaptionInputs;
  readonly conditioning: Pick<Conditioning, 'facts' | 'factsOf'>;
  readonly originOf: OriginOf;
}

/** One row of a batch, all its random choices made. */
interface Row {
  /** Scaled, [c, h, w]. */
  readonly latents: Float32Array;
  readonly noise: Float32Array;
  readonly timestep: number;
  /** Null where it is dropped. */
  readonly caption: string | null;
  readonly origin: PictureOrigin;
  readonly weight: number;
}

/** The shape of a bucket's graph, in latents. */
export function latentBatchShape(
  rows: number,
  { width, height }: { readonly width: number; readonly height: number },
  { factor }: Pick<Autoencoder, 'factor'>,
): BatchShape {
  return { rows, size: { height: height / factor, width: width / factor } };
}

/**
 * A training batch. Every draw (posterior sample, noise, timestep, caption, dropout, flip) is a function of the run's
 * seed, the optimizer step and the image's place in it.
 */
export async function prepareTrainingBatch(
  { images, rows, bucket }: MicroBatch,
  { step, firstIndex, share }: BatchPlace,
  options: DiffusionBatchOptions,
): Promise<PreparedBatch> {
  const { settings, noise, autoencoder } = options;
  const drawn = await Promise.all(
    images.map(async (image, i): Promise<Row> => {
      const index = firstIndex + i;
      const { seed } = settings;
      const flipped = settings.randomFlip && bernoulli(seed, 'flip', step, index, 0.5);
      const moments = await options.readMoments({ image, flipped });
      const size = moments.length / 2;
      const posterior = normals(seed, 'posterior', step, index, new Float32Array(size));
      const latents = new Float32Array(size);
      for (let k = 0; k < size; k++) {
        latents[k] = (moments[k]! + moments[size + k]! * posterior[k]!) * autoencoder.scalingFactor;
      }
      const timestep = noise.drawTimestep(seed, step, index);
      const dropped = bernoulli(seed, 'dropout', step, index, settings.captionDropout);
      const choice = integer(seed, 'captions', step, index, image.captions.length);
      return {
        latents,
        noise: trainingNoise(settings, step, index, size, autoencoder.latentChannels),
        timestep,
        caption: dropped ? null : image.captions[choice]!,
        origin: options.originOf({ image, flipped }),
        weight: share * timestepWeight(noise, timestep, settings.minSnrGamma),
      };
    }),
  );
  return assemble(drawn, rows, bucket, options);
}

function trainingNoise(
  { seed, noiseOffset }: TrainingSettings,
  step: number,
  index: number,
  size: number,
  channels: number,
): Float32Array {
  const noise = normals(seed, 'noise', step, index, new Float32Array(size));
  if (noiseOffset > 0) {
    const offsets = normals(seed, 'noise-offset', step, index, new Float32Array(channels));
    const area = size / channels;
    for (let k = 0; k < size; k++) noise[k] = noise[k]! + noiseOffset * offsets[Math.floor(k / area)]!;
  }
  return noise;
}

/** Timesteps each held-out image is judged at, spread evenly so that few draws cover all noise levels. */
const validationTimesteps = 4;
/** Of the noise for validation: the same in every run, so that losses of different runs compare. */
const validationSeed = 0;

/**
 * The held-out batches: every image at a few fixed timesteps with fixed noise, its latents the posterior's mean, its
 * caption the first; plain mean squared error, whatever weighting training uses.
 */
export function planValidation(
  images: readonly TrainingImage[],
  batchSize: number,
  options: DiffusionBatchOptions,
): (() => Promise<PreparedBatch>)[] {
  const { noise, autoencoder } = options;
  const rowsTotal = images.length * validationTimesteps;
  const points = images.flatMap((image, ordinal) =>
    Array.from({ length: validationTimesteps }, (_, k) => ({
      image,
      ordinal,
      k,
      width: image.width,
      height: image.height,
    })),
  );
  const buckets = Map.groupBy(points, ({ width, height }) => `${width}x${height}`);
  const rowsOf = bucketRows(
    images.map((image) => ({ ...image, repeats: validationTimesteps })),
    batchSize,
  );
  return [...buckets].flatMap(([key, members]) => {
    const rows = rowsOf.get(key)!;
    const batches: (() => Promise<PreparedBatch>)[] = [];
    for (let i = 0; i < members.length; i += rows) {
      const chunk = members.slice(i, i + rows);
      batches.push(async () => {
        const drawn = await Promise.all(
          chunk.map(async ({ image, ordinal, k }): Promise<Row> => {
            const moments = await options.readMoments({ image, flipped: false });
            const size = moments.length / 2;
            const within = uniform(validationSeed, 'validation', ordinal, k);
            return {
              latents: moments.slice(0, size).map((value) => value * autoencoder.scalingFactor),
              noise: normals(validationSeed, 'noise', ordinal, k, new Float32Array(size)),
              timestep: noise.timestepAt((k + within) / validationTimesteps),
              caption: image.captions[0]!,
              origin: options.originOf({ image, flipped: false }),
              weight: 1 / rowsTotal,
            };
          }),
        );
        return assemble(drawn, rows, chunk[0]!, options);
      });
    }
    return batches;
  });
}

/** Lays rows out as the graph's inputs; rows of the graph beyond them repeat the first and weigh nothing. */
async function assemble(
  drawn: readonly Row[],
  rows: number,
  bucket: { readonly width: number; readonly height: number },
  { noise, autoencoder, captions, conditioning }: DiffusionBatchOptions,
): Promise<PreparedBatch> {
  const padded = Array.from({ length: rows }, (_, i): Row => drawn[i] ?? { ...drawn[0]!, weight: 0 });
  const size = padded[0]!.latents.length;
  const pack = (pick: (row: Row) => Float32Array): Float32Array<ArrayBuffer> => {
    const packed = new Float32Array(rows * size);
    padded.forEach((row, i) => {
      packed.set(pick(row), i * size);
    });
    return packed;
  };
  const rates = padded.map(({ timestep }) => noise.ratesAt(timestep));
  return {
    shape: latentBatchShape(rows, bucket, autoencoder),
    data: {
      latents: pack((row) => row.latents),
      noise: pack((row) => row.noise),
      timesteps: Float32Array.from(padded, (row) => row.timestep),
      signal_rate: Float32Array.from(rates, ({ signal }) => signal),
      noise_rate: Float32Array.from(rates, (rate) => rate.noise),
      loss_weights: Float32Array.from(padded, (row) => row.weight),
      ...(await captions.fill(padded.map((row) => row.caption))),
      ...pictureFacts(
        conditioning,
        padded.map((row) => row.origin),
      ),
    },
  };
}
