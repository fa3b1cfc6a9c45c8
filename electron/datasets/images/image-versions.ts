import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

import type { ImageSize } from '../../../native/images/decode.ts';
import { type ImageView, viewsOf } from '../../../native/images/image-views.ts';
import type { HandlersOf } from '../../contract/api.ts';
import { mostShownVersions, shownAtOnce } from '../../contract/datasets.ts';
import { type DatasetDomain, requireDataset } from '../domain.ts';
import type { PictureReader } from '../files/picture-reader.ts';
import { assignBucket } from './buckets.ts';
import { type StoredImage, storedImages } from './image-records.ts';

/** Pictures are shown small. */
const shownSide = 256;

/** What training draws from of some images: for a person who wonders how much is too much. */
export function imageVersionHandlers(
  domain: DatasetDomain,
  pictures: PictureReader,
): Pick<HandlersOf<'datasets'>, 'datasets.versions'> {
  let count = 0;
  return {
    'datasets.versions': async ({ datasetId, buckets, first, ...settings }) => {
      requireDataset(domain, datasetId);
      const trained = [...storedImages(domain.database, datasetId)].filter(
        ({ excluded, heldOut }) => !excluded && !heldOut,
      );
      const folder = join(domain.library.paths.cache, 'shown');
      await mkdir(folder, { recursive: true });
      const show = async (view: ImageView): Promise<string> => {
        const file = join(folder, `version-${process.pid}-${++count}.webp`);
        try {
          await pictures.view(view, file);
          return `data:image/webp;base64,${(await readFile(file)).toString('base64')}`;
        } finally {
          await rm(file, { force: true });
        }
      };
      const shown = Array.from(
        { length: Math.min(shownAtOnce, trained.length) },
        (_, i) => trained[(first + i) % trained.length]!,
      );
      const images = await Promise.all(
        shown.map(async (image) => ({
          imageId: image.imageId,
          file: image.id,
          versions: await Promise.all(
            viewsOf(seenSmall(image, buckets), settings).slice(0, mostShownVersions).map(show),
          ),
        })),
      );
      return { images, total: trained.length };
    },
  };
}

/** As a run has it, in its bucket's ratio. */
function seenSmall({ id, path, width, height }: StoredImage, buckets: readonly ImageSize[]) {
  const bucket = assignBucket(width, height, buckets);
  const scale = Math.min(1, shownSide / Math.max(bucket.width, bucket.height));
  const side = (pixels: number): number => Math.max(1, Math.round(pixels * scale));
  return { id, path, captions: [''], width: side(bucket.width), height: side(bucket.height) };
}
