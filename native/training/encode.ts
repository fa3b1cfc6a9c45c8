import { createHash } from 'node:crypto';

import { hashFile, readPixels } from '../images/decode.ts';
import type { TrainingImage } from '../jobs.ts';
import { encode, type AutoencoderConfig } from '../models/autoencoder.ts';
import { clipText, type ClipTextConfig } from '../models/clip-text.ts';
import { openInference, type Inference, type ReadWeight } from '../models/inference.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { BlobCache } from './blob-cache.ts';

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
  const keys = new Map<string, string>();
  const nameOf = ({ image, flipped }: ImageView): string =>
    `${image.width}x${image.height}${flipped ? '-' : '+'}${image.path}`;
  for (const view of views) {
    const { image, flipped } = view;
    const hash = fileHashes.get(image.path) ?? (await hashFile(image.path));
    fileHashes.set(image.path, hash);
    keys.set(
      nameOf(view),
      contentKey('latents', options.modelHash, hash, image.width, image.height, flipped),
    );
  }

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
      await options.cache.get(keys.get(nameOf(view))!, async () => {
        const pictures = await readView(view);
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
    options.cache.get(keys.get(nameOf(view))!, () => {
      throw new Error(`The latents of ${view.image.id} are no longer in the cache.`);
    });
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
  const keyOf = (caption: string): string => contentKey('embedding', options.modelHash, ...ids.get(caption)!);
  const tokens = config.positions;
  const encoder = lazy(() =>
    openInference(options.runtime, options.readWeight, (model, graph) => {
      return { states: clipText(model, config, graph.input('input_ids', 'int64', [batchSize, tokens])) };
    }),
  );
  const size = tokens * config.hiddenSize;
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
      await options.cache.get(keyOf(caption), async () =>
        (await encoded()).slice(row * size, (row + 1) * size),
      );
      options.onProgress(++done, distinct.length);
    }
  }
  await encoder.dispose();
  return (caption) =>
    options.cache.get(keyOf(caption), () => {
      throw new Error(`The embedding of “${caption}” is no longer in the cache.`);
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
