import { augmentationText } from '../../native/facts/augmentation.ts';
import { errorText, noiseTexts } from '../../native/facts/losses.ts';
import { maskText } from '../../native/facts/masks.ts';
import { methodText } from '../../native/facts/methods.ts';
import { priorText } from '../contract/prior-spec.ts';
import type { Run } from './run-folder.ts';

/** How a run is trained, in a line for each thing that is not as usual; the method always. */
export function howLines({ spec, job }: Pick<Run, 'spec' | 'job'>): readonly string[] {
  const { method, settings } = job;
  const { loss, noise, masks, augmentation, randomFlip } = settings;
  return [
    `method: ${methodText(method)}`,
    ...(loss ? [`error: ${errorText(loss)}`] : []),
    ...(noise ? [`noise: ${noiseTexts(noise).join(', ')}`] : []),
    ...(masks ? [`masks: ${maskText(masks)}`] : []),
    ...(augmentation
      ? [`altered images: ${augmentationText(augmentation)}${randomFlip ? ', half of them mirrored' : ''}`]
      : []),
    ...(spec.prior ? [`class images: ${priorText(spec.prior)}`] : []),
  ];
}
