import type { Conditioning } from '../families/family.ts';
import { elementCount, fromNumbers } from '../graph/data-type.ts';
import { openInference } from '../models/inference.ts';
import type { Blob } from './blob-cache.ts';
import { cacheLost, contentKey, type EncodeOptions, lazyInference } from './encoding.ts';

/** How many are encoded at once: enough to keep the processor busy, little memory. */
const batchSize = 4;

/** Reads what `encodeCaptions` stored: a caption's states by name, as the denoiser takes them. Null is a caption that is dropped. */
export type ReadStates = (
  caption: string | null,
) => Promise<Readonly<Record<string, Float32Array<ArrayBuffer>>>>;

/** Makes sure the text encoders' states of every caption are in the cache; resolves to a reader of them. */
export async function encodeCaptions(
  captions: readonly (string | null)[],
  conditioning: Pick<Conditioning, 'way' | 'tokens' | 'tokenize' | 'states' | 'encode'>,
  options: EncodeOptions,
): Promise<ReadStates> {
  const { tokens, states, way } = conditioning;
  // Keys from before there was a choice stay as they were. How many chunks there are, the tokens tell.
  const read = way.clipSkip === 1 ? [] : [`clip skip ${way.clipSkip}`];
  const distinct = [...new Set(captions)];
  const ids = new Map(distinct.map((caption) => [caption, conditioning.tokenize(caption)]));
  const sizes = Object.entries(states).map(([name, { shape }]) => ({ name, size: elementCount(shape) }));
  const length = sizes.reduce((sum, { size }) => sum + size, 0);
  const blobOf = (caption: string | null): Blob => ({
    key: contentKey('embedding', options.modelHash, ...read, ...Object.values(ids.get(caption)!).flat()),
    length,
  });
  const encoder = lazyInference(() =>
    openInference(
      options.runtime,
      options.readWeight,
      (builders, graph) => {
        const given = Object.entries(tokens).map(
          ([name, { type, shape }]) => [name, graph.input(name, type, [batchSize, ...shape])] as const,
        );
        return conditioning.encode(builders, Object.fromEntries(given));
      },
      options.weightType,
    ),
  );
  /** All states of the captions, each caption's end to end. */
  const encode = async (chunk: readonly (string | null)[]): Promise<Float32Array<ArrayBuffer>[]> => {
    const rows = Array.from({ length: batchSize }, (_, row) => ids.get(chunk[row] ?? chunk[0]!)!);
    const inputs = Object.entries(tokens).map(([name, { type }]) => {
      const numbers = rows.flatMap((row) => row[name]!);
      return [name, fromNumbers(type, numbers)] as const;
    });
    const found = await (await encoder.get()).run(Object.fromEntries(inputs));
    return chunk.map((_, row) => {
      const packed = new Float32Array(length);
      let offset = 0;
      for (const { name, size } of sizes) {
        packed.set(found[name]!.subarray(row * size, (row + 1) * size), offset);
        offset += size;
      }
      return packed;
    });
  };
  let done = 0;
  for (let i = 0; i < distinct.length; i += batchSize) {
    options.stop.throwIfAborted();
    const chunk = distinct.slice(i, i + batchSize);
    // Encoded together once any of them is wanted; each is stored under its own key.
    let encoded: Promise<Float32Array<ArrayBuffer>[]> | null = null;
    for (const [row, caption] of chunk.entries()) {
      await options.cache.get(blobOf(caption), async () => (await (encoded ??= encode(chunk)))[row]!);
      options.onProgress(++done, distinct.length);
    }
  }
  await encoder.dispose();
  return async (caption) => {
    const packed = await options.cache.get(blobOf(caption), () => {
      throw cacheLost(caption === null ? 'The embeddings of no caption' : `The embeddings of “${caption}”`);
    });
    let offset = 0;
    return Object.fromEntries(
      sizes.map(({ name, size }) => [name, packed.subarray(offset, (offset += size))]),
    );
  };
}
