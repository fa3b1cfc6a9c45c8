import { Failure } from '../failure.ts';
import { decodingVersion, hashFile, type ImageSize, readPixelsAt } from '../images/decode.ts';
import type { ComparedImage } from '../jobs.ts';
import { efficientNetLite, featureLength, pictureSide } from '../models/efficientnet-lite.ts';
import { openInference } from '../models/inference.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { BlobCache } from '../training/blob-cache.ts';
import { contentKey, lazyInference } from '../training/encoding.ts';
import { openSafetensors } from '../weights/safetensors.ts';
import type { Features } from './nearest.ts';

/** Goes up when the same picture gives other features. */
const featuresVersion = 1;

export interface PictureFeatures {
  /** Of a picture brought to the size it is trained or made in, as a unit vector; null where it cannot be read. */
  readonly of: (image: ComparedImage) => Promise<Features | null>;
  readonly dispose: () => Promise<void>;
}

/** The network is opened when a picture comes that is not in the cache. */
export function openPictureFeatures(
  weightsFile: string,
  runtime: Runtime,
  cache: BlobCache,
): PictureFeatures {
  const side: ImageSize = { width: pictureSide, height: pictureSide };
  const network = lazyInference(async () => {
    const weights = await openSafetensors(weightsFile);
    try {
      return await openInference(
        runtime,
        ({ key }) => weights.readAs(key, 'float32'),
        (builders, graph) => {
          const pictures = graph.input('pictures', 'float32', [1, 3, pictureSide, pictureSide]);
          return { features: efficientNetLite(builders('features'), pictures) };
        },
      );
    } finally {
      await weights.close();
    }
  });
  return {
    of: async ({ path, width, height }) => {
      try {
        const key = contentKey(
          ...['features', featuresVersion, decodingVersion, await hashFile(path), width, height],
        );
        return await cache.get({ key, length: featureLength }, async () => {
          const pictures = await readPixelsAt(path, { width, height }, side);
          const { features } = await (await network.get()).run({ pictures });
          return unit(features!);
        });
      } catch (error) {
        if (error instanceof Failure && error.code === 'image-unreadable') return null;
        throw error;
      }
    },
    dispose: () => network.dispose(),
  };
}

function unit(features: Float32Array): Float32Array<ArrayBuffer> {
  const length = Math.hypot(...features) || 1;
  return Float32Array.from(features, (value) => value / length);
}
