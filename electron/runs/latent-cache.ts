import { versionsOf } from '../../native/facts/augmentation.ts';
import type { ConfigFacts } from '../../native/facts/config-facts.ts';
import { trainedParts } from '../../native/facts/methods.ts';
import type { TrainJob } from '../../native/jobs.ts';

/** Mean and deviation, both float32. */
const bytesPerLatent = 2 * 4;

/** Bytes of the latents that a job keeps in the cache, all versions of its images counted. */
export function latentCacheBytes(
  { images, validation, prior, settings, method }: TrainJob,
  { latentFactor, latentChannels }: Pick<ConfigFacts, 'latentFactor' | 'latentChannels'>,
): number {
  if (!trainedParts(method).includes('denoiser')) return 0;
  const area = (of: TrainJob['images']): number =>
    of.reduce((sum, { width, height }) => sum + width * height, 0);
  const made = (prior?.making?.sizes ?? []).reduce(
    (sum, size) => sum + size.count * size.width * size.height,
    0,
  );
  const classVersions = versionsOf({ randomFlip: settings.randomFlip });
  const pixels =
    versionsOf(settings) * area(images) +
    area(validation) +
    classVersions * (area(prior?.images ?? []) + made);
  return (pixels / latentFactor ** 2) * latentChannels * bytesPerLatent;
}
