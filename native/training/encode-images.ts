import { Failure } from '../failure.ts';
import type { Autoencoder } from '../families/family.ts';
import { openEncoder } from '../families/open-autoencoder.ts';
import { alteringVersion } from '../images/altered.ts';
import { decodingVersion, hashFile } from '../images/decode.ts';
import { type ImageView, readView } from '../images/image-views.ts';
import type { Blob } from './blob-cache.ts';
import { cacheLost, contentKey, type EncodeOptions, lazyInference } from './encoding.ts';

/** Reads what `encodeImages` stored: mean, then standard deviation, each [c, h, w], unscaled. */
export type ReadMoments = (view: ImageView) => Promise<Float32Array<ArrayBuffer>>;

/**
 * Makes sure the VAE's posterior of every view is in the cache, under a key of the image file's bytes, how it is altered, the bucket
 * and the VAE. Resolves to a reader of them.
 */
export async function encodeImages(
  views: readonly ImageView[],
  autoencoder: Autoencoder,
  options: EncodeOptions,
): Promise<ReadMoments> {
  const { latentChannels, factor } = autoencoder;
  const fileHashes = new Map<string, string>();
  for (const { image } of views) {
    options.stop.throwIfAborted();
    if (!fileHashes.has(image.path)) fileHashes.set(image.path, await hashFile(image.path));
  }
  const area = factor ** 2;
  const blobOf = ({ image: { path, width, height }, flipped, alteration }: ImageView): Blob => ({
    key: contentKey(
      'latents',
      decodingVersion,
      options.modelHash,
      fileHashes.get(path)!,
      width,
      height,
      flipped,
      ...alterationKey(alteration),
    ),
    length: (2 * latentChannels * width * height) / area,
  });

  const bySize = Map.groupBy(views, ({ image }) => `${image.width}x${image.height}`);
  let done = 0;
  for (const members of bySize.values()) {
    const { width, height } = members[0]!.image;
    const encoder = lazyInference(() => openEncoder(autoencoder, { height, width }, options));
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

/** What an alteration adds to the key of what is made of it: all its numbers, so that nothing made by others is taken. */
export function alterationKey(alteration: ImageView['alteration']): readonly string[] {
  return alteration ? [`altered ${alteringVersion}`, JSON.stringify(alteration)] : [];
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
