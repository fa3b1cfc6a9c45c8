import type { Autoencoder, Conditioning } from '../families/family.ts';
import { pictureFacts } from '../families/picture-facts.ts';
import { asItIs, drawView, ofClassImages, type ViewSettings } from '../images/image-views.ts';
import type { PictureOrigin } from '../images/picture-origin.ts';
import type { TrainingImage, TrainingSettings } from '../jobs.ts';
import type { NoiseProcess } from '../noise/noise-process.ts';
import { bernoulli, integer, normals, uniform } from '../random/philox.ts';
import type { BatchShape } from './batch-shape.ts';
import type { CaptionInputs } from './caption-inputs.ts';
import { bucketRows, type MicroBatch } from './data-order.ts';
import { debiasedWeight, timestepWeight } from './diffusion-loss.ts';
import type { ReadMoments } from './encode-images.ts';
import { type ReadMaskWeights, unmasked } from './masks.ts';
import type { OriginOf } from './picture-origins.ts';
import type { RankDropout } from './rank-dropout.ts';
import { robustThreshold } from './robust-loss.ts';
import type { BatchData } from './shape-sessions.ts';
import { perturbed, trainingNoise } from './training-noise.ts';
import type { BatchPlace, PreparedBatch } from './training-task.ts';

export interface DiffusionBatchOptions {
  readonly settings: TrainingSettings;
  readonly noise: NoiseProcess;
  readonly autoencoder: Pick<Autoencoder, 'latentChannels' | 'factor' | 'scalingFactor'>;
  readonly readMoments: ReadMoments;
  readonly captions: CaptionInputs;
  readonly conditioning: Pick<Conditioning, 'facts' | 'factsOf'>;
  readonly originOf: OriginOf;
  /** Of images that are trained on; left out: all places count the same. */
  readonly readMask?: ReadMaskWeights;
  /** What class images count beside the others; left out: as much. */
  readonly priorWeight?: number;
  /** Null, or left out, where no adapter drops ranks. */
  readonly rankDropout?: RankDropout | null;
}

/** One row of a batch, all its random choices made. */
interface Row {
  /** Scaled, [c, h, w]. */
  readonly latents: Float32Array;
  readonly noise: Float32Array;
  /** The noise it is given, where that is another than it is to predict. */
  readonly addedNoise?: Float32Array;
  readonly timestep: number;
  /** What each place counts, [h, w]; null where all count the same. */
  readonly mask?: Float32Array | null;
  /** Null where it is dropped. */
  readonly caption: string | null;
  readonly origin: PictureOrigin;
  readonly weight: number;
  /** Of a robust error: then plain squares count only what `weight` says. */
  readonly robust?: { readonly weight: number; readonly threshold: number };
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
 * A training batch. Every draw (posterior sample, noise, timestep, caption, dropout, version) is a function of the run's
 * seed, the optimizer step and the image's place in it.
 */
export async function prepareTrainingBatch(
  { images, classImages = [], rows, bucket }: MicroBatch,
  { step, firstIndex, share }: BatchPlace,
  options: DiffusionBatchOptions,
): Promise<PreparedBatch> {
  const classShare = share * (options.priorWeight ?? 1);
  const drawn = await Promise.all([
    ...images.map((image, i) =>
      drawRow(image, { step, index: firstIndex + i, share }, options, options.settings, options.readMask),
    ),
    ...classImages.map((image, i) =>
      drawRow(
        image,
        { step, index: firstClassIndex + firstIndex + i, share: classShare },
        options,
        ofClassImages(options.settings),
      ),
    ),
  ]);
  const indices = [
    ...images.map((_, i) => firstIndex + i),
    ...classImages.map((_, i) => firstClassIndex + firstIndex + i),
  ];
  return assemble(drawn, rows, bucket, options, options.rankDropout?.training(rows, step, indices));
}

/** Class images draw numbers of their own, past those of any images in a step. */
const firstClassIndex = 2 ** 31;

interface RowPlace {
  readonly step: number;
  readonly index: number;
  readonly share: number;
}

async function drawRow(
  image: TrainingImage,
  { step, index, share }: RowPlace,
  options: DiffusionBatchOptions,
  views: ViewSettings,
  readMask: ReadMaskWeights = unmasked,
): Promise<Row> {
  const { settings, noise, autoencoder } = options;
  const { seed } = settings;
  const view = drawView(image, views, step, index);
  const moments = await options.readMoments(view);
  const size = moments.length / 2;
  const posterior = normals(seed, 'posterior', step, index, new Float32Array(size));
  const latents = new Float32Array(size);
  for (let k = 0; k < size; k++) {
    latents[k] = (moments[k]! + moments[size + k]! * posterior[k]!) * autoencoder.scalingFactor;
  }
  const timestep = noise.drawTimestep(seed, step, index);
  const dropped = bernoulli(seed, 'dropout', step, index, settings.captionDropout);
  const choice = integer(seed, 'captions', step, index, image.captions.length);
  const given = trainingNoise(settings, step, index, {
    channels: autoencoder.latentChannels,
    height: image.height / autoencoder.factor,
    width: image.width / autoencoder.factor,
  });
  return {
    latents,
    noise: given,
    ...(perturbs(settings) && { addedNoise: perturbed(given, settings, step, index) }),
    mask: await readMask(view),
    timestep,
    caption: dropped ? null : image.captions[choice]!,
    origin: options.originOf(view),
    ...weightsOf(settings, noise, timestep, share),
  };
}

/** What a row's errors count: squares, or robust errors in their place. */
function weightsOf(
  { minSnrGamma, loss }: TrainingSettings,
  noise: NoiseProcess,
  timestep: number,
  share: number,
): Pick<Row, 'weight' | 'robust'> {
  const debiased = loss?.debiased === true ? debiasedWeight(noise, timestep) : 1;
  const weight = share * timestepWeight(noise, timestep, minSnrGamma) * debiased;
  if (loss === undefined || loss.kind === 'mse') return { weight };
  return { weight: 0, robust: { weight, threshold: robustThreshold(noise, timestep, loss) } };
}

const perturbs = ({ noise }: TrainingSettings): boolean => (noise?.inputPerturbation ?? 0) > 0;
const isMasked = ({ masks }: TrainingSettings): boolean => masks !== undefined && masks.source !== 'none';
const isRobust = ({ loss }: TrainingSettings): boolean => loss !== undefined && loss.kind !== 'mse';

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
            const moments = await options.readMoments(asItIs(image));
            const size = moments.length / 2;
            const within = uniform(validationSeed, 'validation', ordinal, k);
            return {
              latents: moments.slice(0, size).map((value) => value * autoencoder.scalingFactor),
              noise: normals(validationSeed, 'noise', ordinal, k, new Float32Array(size)),
              timestep: noise.timestepAt((k + within) / validationTimesteps),
              caption: image.captions[0]!,
              origin: options.originOf(asItIs(image)),
              weight: 1 / rowsTotal,
            };
          }),
        );
        return assemble(drawn, rows, chunk[0]!, options, options.rankDropout?.whole(rows));
      });
    }
    return batches;
  });
}

/** Of rows without a mask all places count the same, those of held-out images among them. */
function masksOf(rows: readonly Row[], channels: number): Float32Array<ArrayBuffer> {
  const area = rows[0]!.latents.length / channels;
  const masks = new Float32Array(rows.length * area).fill(1);
  rows.forEach(({ mask }, i) => {
    if (mask) masks.set(mask, i * area);
  });
  return masks;
}

function weightless({ robust: _robust, ...row }: Row): Row {
  return { ...row, weight: 0 };
}

/** Lays rows out as the graph's inputs; rows of the graph beyond them repeat the first and weigh nothing. */
async function assemble(
  drawn: readonly Row[],
  rows: number,
  bucket: { readonly width: number; readonly height: number },
  { settings, noise, autoencoder, captions, conditioning }: DiffusionBatchOptions,
  further: BatchData = {},
): Promise<PreparedBatch> {
  const padded = Array.from({ length: rows }, (_, i): Row => drawn[i] ?? weightless(drawn[0]!));
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
      ...(isRobust(settings) && {
        robust_weights: Float32Array.from(padded, ({ robust }) => robust?.weight ?? 0),
        robust_thresholds: Float32Array.from(padded, ({ robust }) => robust?.threshold ?? 1),
      }),
      ...(isMasked(settings) && { loss_mask: masksOf(padded, autoencoder.latentChannels) }),
      ...(perturbs(settings) && { added_noise: pack((row) => row.addedNoise ?? row.noise) }),
      ...(await captions.fill(padded.map((row) => row.caption))),
      ...pictureFacts(
        conditioning,
        padded.map((row) => row.origin),
      ),
      ...further,
    },
  };
}
