import { createHash } from 'node:crypto';

import { Failure } from '../failure.ts';
import { hashFile, readPixels } from '../images/decode.ts';
import type { TrainingImage } from '../jobs.ts';
import { type AutoencoderConfig, autoencoderFactor, encode } from '../models/autoencoder.ts';
import { clipText, type ClipTextConfig } from '../models/clip-text.ts';
import { type Inference, openInference, type ReadWeight } from '../models/inference.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { Blob, BlobCache } from './blob-cache.ts';

/** How many are encoded at once: enough to keep the processor busy, little memory at any picture size. */
const batchSize = 4;

export interface EncodeOptions {
  readonly runtime: Runtime;
  readonly readWeight: ReadWeight;
  /** Hash of the encoder's config and weights: part of every key. */
  readonly modelHash: string;
  readonly cache: BlobCache;
  readonly onProgress: (done: number, total: number) => void;
  readonly stop: AbortSignal;
}

/** An image in one bucket, as it is or mirrored. */
export interface ImageView {
  readonly image: TrainingImage;
  readonly flipped: boolean;
}

/** Reads what `encodeImages` stored: mean, then standard deviation, each [c, h, w], unscaled. */
export type ReadMoments = (view: ImageView) => Promise<Float32Array<ArrayBuffer>>;

/**
 * Makes sure the VAE's posterior of every view is in the cache, under a key of the image file's bytes, the bucket and
 * the VAE. Resolves to a reader of them.
 */
export async function encodeImages(
  views: readonly ImageView[],
  config: AutoencoderConfig,
  options: EncodeOptions,
): Promise<ReadMoments> {
  const fileHashes = new Map<string, string>();
  for (const { image } of views) {
    options.stop.throwIfAborted();
    if (!fileHashes.has(image.path)) fileHashes.set(image.path, await hashFile(image.path));
  }
  const area = autoencoderFactor(config) ** 2;
  const blobOf = ({ image: { path, width, height }, flipped }: ImageView): Blob => ({
    key: contentKey('latents', options.modelHash, fileHashes.get(path)!, width, height, flipped),
    length: (2 * config.latentChannels * width * height) / area,
  });

  const bySize = Map.groupBy(views, ({ image }) => `${image.width}x${image.height}`);
  let done = 0;
  for (const members of bySize.values()) {
    const { width, height } = members[0]!.image;
    const encoder = lazy(() =>
      openInference(options.runtime, options.readWeight, (model, graph) => {
        const { mean, logVariance } = encode(
          model,
          config,
          graph.input('pictures', 'float32', [1, 3, height, width]),
        );
        return { mean, logVariance };
      }),
    );
    for (const view of members) {
      options.stop.throwIfAborted();
      await options.cache.get(blobOf(view), async () => {
        const pictures = await readView(view);
        await checkUnchanged(view.image.path, fileHashes.get(view.image.path)!);
        const { mean, logVariance } = await (await encoder.get()).run({ pictures });
        const moments = new Float32Array(2 * mean!.length);
        moments.set(mean!);
        moments.set(
          logVariance!.map((value) => Math.exp(value / 2)),
          mean!.length,
        );
        return moments;
      });
      options.onProgress(++done, views.length);
    }
    await encoder.dispose();
  }
  return (view) =>
    options.cache.get(blobOf(view), () => {
      throw cacheLost(`The latents of ${view.image.id}`);
    });
}

/** What was read may be of a file that was edited since it was hashed; stored, it would be found under the old hash. */
async function checkUnchanged(path: string, hash: string): Promise<void> {
  if ((await hashFile(path)) === hash) return;
  throw new Failure(
    'image-changed',
    `${path} was changed while it was being read for training.`,
    'Leave the images as they are until training has begun, and begin again.',
  );
}

function cacheLost(what: string): Failure {
  return new Failure(
    'cache-lost',
    `${what} are no longer in the cache.`,
    'Do not empty the cache while a run is training. Resume the run: what is missing is made again.',
  );
}

/** Pixels of a view, [3, h, w] in [-1, 1]. */
export async function readView({ image, flipped }: ImageView): Promise<Float32Array<ArrayBuffer>> {
  const pixels = (await readPixels(image.path, image)) as Float32Array<ArrayBuffer>;
  if (flipped)
    for (let row = 0; row < pixels.length; row += image.width)
      pixels.subarray(row, row + image.width).reverse();
  return pixels;
}

/** Reads what `encodeCaptions` stored: the last hidden state, [tokens, d]. */
export type ReadEmbedding = (caption: string) => Promise<Float32Array<ArrayBuffer>>;

/** Makes sure the text encoder's hidden states of every caption are in the cache; resolves to a reader of them. */
export async function encodeCaptions(
  captions: readonly string[],
  config: ClipTextConfig,
  tokenize: (text: string) => readonly number[],
  options: EncodeOptions,
): Promise<ReadEmbedding> {
  const distinct = [...new Set(captions)];
  const ids = new Map(distinct.map((caption) => [caption, tokenize(caption)]));
  const tokens = config.positions;
  const size = tokens * config.hiddenSize;
  const blobOf = (caption: string): Blob => ({
    key: contentKey('embedding', options.modelHash, ...ids.get(caption)!),
    length: size,
  });
  const encoder = lazy(() =>
    openInference(options.runtime, options.readWeight, (model, graph) => {
      return { states: clipText(model, config, graph.input('input_ids', 'int64', [batchSize, tokens])) };
    }),
  );
  let done = 0;
  for (let i = 0; i < distinct.length; i += batchSize) {
    options.stop.throwIfAborted();
    const chunk = distinct.slice(i, i + batchSize);
    // Encoded together once any of them is wanted; each is stored under its own key.
    const encoded = lazyValue(async () => {
      const rows = Array.from({ length: batchSize }, (_, row) => ids.get(chunk[row] ?? chunk[0]!)!);
      const { states } = await (
        await encoder.get()
      ).run({ input_ids: BigInt64Array.from(rows.flat(), BigInt) });
      return states!.slice();
    });
    for (const [row, caption] of chunk.entries()) {
      await options.cache.get(blobOf(caption), async () =>
        (await encoded()).slice(row * size, (row + 1) * size),
      );
      options.onProgress(++done, distinct.length);
    }
  }
  await encoder.dispose();
  return (caption) =>
    options.cache.get(blobOf(caption), () => {
      throw cacheLost(`The embeddings of “${caption}”`);
    });
}

function contentKey(...parts: readonly (string | number | boolean)[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}

function lazyValue<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | null = null;
  return () => (made ??= make());
}

/** A model opened at its first use: with a warm cache it never is. */
function lazy(open: () => Promise<Inference>): {
  get: () => Promise<Inference>;
  dispose: () => Promise<void>;
} {
  let opened: Promise<Inference> | null = null;
  return {
    get: () => (opened ??= open()),
    dispose: async () => {
      await (await opened)?.dispose();
    },
  };
}
