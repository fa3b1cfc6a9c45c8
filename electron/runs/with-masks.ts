import { existsSync } from 'node:fs';

import { maskPathOf, type MaskSettings } from '../../native/facts/masks.ts';
import { trainedParts } from '../../native/facts/methods.ts';
import { Failure } from '../../native/failure.ts';
import type { TrainingImage } from '../../native/jobs.ts';
import { countOf, countText } from '../contract/quantities.ts';
import type { RunSpec } from '../contract/run-spec.ts';

/**
 * Images with the masks that lie beside them, where a run learns by those.
 * @throws Failure `masks-missing` where none has one, `mask-method` where the method has no use for them
 */
export function withMasks(
  images: readonly TrainingImage[],
  { source }: MaskSettings,
  method: RunSpec['method'],
): readonly TrainingImage[] {
  if (source === 'none') return images;
  if (!trainedParts(method).includes('denoiser')) {
    throw new Failure('mask-method', 'The VAE is trained on whole images.', 'Leave masks out.');
  }
  if (source !== 'files') return images;
  const found = images.map((image) => {
    const mask = maskPathOf(image.path);
    return existsSync(mask) ? { ...image, mask } : image;
  });
  if (found.some(({ mask }) => mask !== undefined)) return found;
  throw new Failure(
    'masks-missing',
    'No image has a mask beside it.',
    'A mask of fox.png is called fox-masklabel.png and is white where the image is to be learned.',
  );
}

/** Images that are learned whole among others that are not. */
export function maskWarnings(images: readonly TrainingImage[], { source }: MaskSettings): readonly string[] {
  const whole = source === 'files' ? images.filter(({ mask }) => mask === undefined) : [];
  if (whole.length === 0) return [];
  return [
    whole.length === 1
      ? `${whole[0]!.id} has no mask and is learned whole.`
      : `${countText(whole.length)} of ${countOf(images.length, 'image')} have no mask and are learned whole; the first is ${whole[0]!.id}.`,
  ];
}
