import { trainedParts } from '../../native/facts/methods.ts';
import { Failure } from '../../native/failure.ts';
import type { PriorPreservation, TrainingImage } from '../../native/jobs.ts';
import type { PriorSpec } from '../contract/prior-spec.ts';
import { countOf } from '../contract/quantities.ts';
import type { RunSpec } from '../contract/run-spec.ts';
import { type Dataset, readDataset } from '../datasets/dataset.ts';
import type { DatasetImage } from '../datasets/dataset-image.ts';
import { assignBucket } from '../datasets/images/buckets.ts';

/** Class images that are given, as their folder has them. */
export type GivenClassImages = Pick<Dataset, 'images' | 'problems'>;

/**
 * The images of the folder that a run names for its class images; null where the base makes them.
 * @throws Failure those of `readDataset`
 */
export async function readClassImages(prior: PriorSpec | undefined): Promise<GivenClassImages | null> {
  return prior?.folder === undefined ? null : readDataset(prior.folder, { verify: false });
}

/**
 * Class images of the buckets that the images are in, so that both go through the graph together.
 * @throws Failure `prior-method` where the method has no prior to preserve
 */
export function priorOf(
  { prior, method, samples, train }: Pick<RunSpec, 'prior' | 'method' | 'samples' | 'train'>,
  given: GivenClassImages | null,
  images: readonly TrainingImage[],
): PriorPreservation | null {
  if (prior === undefined) return null;
  if (method.kind === 'scratch' || method.kind === 'embedding' || !trainedParts(method).includes('denoiser'))
    throw noPrior();
  const { prompt, weight } = prior;
  const uses = bucketUses(images);
  if (given !== null) return { weight, images: placed(given.images, prompt, uses) };
  const { sampler = samples.sampler, steps = samples.steps } = prior;
  const { guidanceScale = samples.guidanceScale } = prior;
  const { clipSkip } = train;
  return {
    weight,
    images: [],
    making: {
      ...{ prompt, sampler, steps, guidanceScale, sizes: shared(prior.count, uses) },
      ...(clipSkip > 1 && { clipSkip }),
    },
  };
}

function noPrior(): Failure {
  return new Failure(
    'prior-method',
    'Class images keep what a base knows, and this method does not train what it draws with from there.',
    'Leave class images out, or train by full finetuning or LoRA.',
  );
}

interface BucketUses {
  readonly width: number;
  readonly height: number;
  readonly uses: number;
}

/** The most used first. */
function bucketUses(images: readonly TrainingImage[]): readonly BucketUses[] {
  const groups = Map.groupBy(images, ({ width, height }) => `${width}x${height}`);
  return [...groups.values()]
    .map((members) => ({
      width: members[0]!.width,
      height: members[0]!.height,
      uses: members.reduce((sum, { repeats = 1 }) => sum + repeats, 0),
    }))
    .sort((a, b) => b.uses - a.uses || b.width - a.width);
}

/** Each image in the bucket nearest to its shape; a bucket that is nearest to none is gone into by all. */
function placed(
  images: readonly DatasetImage[],
  prompt: string,
  buckets: readonly BucketUses[],
): readonly TrainingImage[] {
  const inBucket = ({ id, path, candidates }: DatasetImage, { width, height }: BucketUses): TrainingImage => {
    const captions = candidates[0]?.texts ?? [];
    return { id, path, captions: captions.length > 0 ? captions : [prompt], width, height };
  };
  const nearest = Map.groupBy(
    images,
    ({ width, height }) => assignBucket(width, height, buckets) as BucketUses,
  );
  return buckets.flatMap((bucket) => (nearest.get(bucket) ?? images).map((image) => inBucket(image, bucket)));
}

/** A count spread over buckets as the images are, with one for each at least. */
function shared(
  count: number,
  buckets: readonly BucketUses[],
): readonly { readonly width: number; readonly height: number; readonly count: number }[] {
  const total = buckets.reduce((sum, { uses }) => sum + uses, 0);
  let left = Math.max(count, buckets.length);
  let usesLeft = total;
  return buckets.map(({ width, height, uses }, i) => {
    const rest = buckets.length - 1 - i;
    const own = Math.min(left - rest, Math.max(1, Math.round((left * uses) / usesLeft)));
    left -= own;
    usesLeft -= uses;
    return { width, height, count: own };
  });
}

/** What of class images a person should know before a run begins. */
export function priorWarnings(
  prior: PriorSpec | undefined,
  given: GivenClassImages | null,
  images: readonly TrainingImage[],
): readonly string[] {
  if (prior === undefined) return [];
  const broken = given?.problems ?? [];
  const kind = kindOf(prior.prompt);
  const says = images.some(({ captions }) =>
    captions.some((caption) => caption.toLowerCase().includes(kind.toLowerCase())),
  );
  return [
    ...(broken.length > 0
      ? [`${countOf(broken.length, 'class image')} cannot be read: ${broken[0]!.failure.message}`]
      : []),
    ...(says
      ? []
      : [
          `No caption says “${kind}”. Captions should name the subject together with its kind, as in “zwx ${kind}”.`,
        ]),
  ];
}

/** `dog` of `a photo of a dog`. */
export function kindOf(prompt: string): string {
  return prompt.split(/[\s,]+/).findLast((word) => word !== '') ?? prompt;
}
