import { isAugmented } from '../../native/facts/augmentation.ts';
import { chosenReading } from '../../native/facts/caption-reading.ts';
import { stepsPerEpoch as countSteps } from '../../native/facts/epoch-steps.ts';
import { failureText } from '../../native/facts/failure-text.ts';
import { isUnusualLoss, isUnusualNoise } from '../../native/facts/losses.ts';
import { usualLearningRate } from '../../native/facts/methods.ts';
import { rateOf } from '../../native/facts/optimizers.ts';
import { captionsWithWord } from '../../native/facts/word-captions.ts';
import { Failure } from '../../native/failure.ts';
import type { Method, TrainingImage, TrainingSettings, TrainJob } from '../../native/jobs.ts';
import type { DataShare } from '../contract/data-share.ts';
import { proposedHoldOut } from '../contract/hold-out.ts';
import { idleSettings } from '../contract/idle-settings.ts';
import { countOf, countText } from '../contract/quantities.ts';
import type { RunSpec } from '../contract/run-spec.ts';
import { patienceText, settingAdvice } from '../contract/setting-advice.ts';
import { hasOwnSentences } from '../contract/word-spec.ts';
import { captionsFor } from '../datasets/captions/captions.ts';
import type { Dataset } from '../datasets/dataset.ts';
import { bucketsFor } from '../datasets/images/buckets.ts';
import { cropWarnings } from '../datasets/images/crop-warnings.ts';
import { drawShare } from '../datasets/images/draw-share.ts';
import { sizeWarnings } from '../datasets/images/size-warnings.ts';
import { splitDataset, type ValidationChoice } from '../datasets/images/split.ts';
import type { RunData } from '../datasets/run-data.ts';
import { toTrainingImages } from '../datasets/training-images.ts';
import type { BaseModel } from './base-model.ts';
import { type GivenClassImages, priorOf, priorWarnings } from './class-images.ts';
import type { ResolvedRunSpec } from './read-run-spec.ts';
import type { Run } from './run-folder.ts';
import { columnsForCaptions } from './uncaptioned.ts';
import { maskWarnings, withMasks } from './with-masks.ts';

export interface PlanInput {
  readonly spec: ResolvedRunSpec;
  readonly base: BaseModel;
  readonly dataset: Dataset;
  /** Where the spec names a folder of them. */
  readonly classImages?: GivenClassImages | null;
  /** Where the spec names none. */
  readonly cacheFolder: string;
}

export type JobInput = Omit<PlanInput, 'dataset'> & {
  readonly data: Pick<RunData, 'training' | 'heldOut' | 'captions' | 'warnings'>;
};

/** What a person wants to know before a run begins. */
export interface PlanSummary {
  readonly name: string;
  readonly images: number;
  readonly heldOut: number;
  readonly resolution: number;
  readonly buckets: readonly { readonly width: number; readonly height: number; readonly images: number }[];
  readonly stepsPerEpoch: number;
  readonly steps: number;
  readonly epochs: number;
  readonly checkpoints: readonly number[];
  /** Checkpoints without a lower held-out loss after which it ends; 0: it goes to its last epoch. */
  readonly patience: number;
  readonly captionExample: string;
  /** Class images beside them; null without any. */
  readonly classImages: { readonly count: number; readonly made: boolean } | null;
  /** Files left out, captions missing and the like, one sentence each. */
  readonly warnings: readonly string[];
}

export interface Plan {
  readonly run: Run;
  readonly summary: PlanSummary;
}

/**
 * What a spec, the base and a folder of images come to. Throws what `planJob`, captions and split throw.
 */
export function planTraining({ spec, base, dataset, cacheFolder, classImages = null }: PlanInput): Plan {
  const captions = captionsFor(dataset.images, spec.data.captions);
  const split = splitDataset(dataset.images, validationChoice(spec.data.validation));
  const data = {
    training: drawShare(split.training, spec.data.share, spec.train.seed),
    heldOut: split.validation,
    captions,
    warnings: [
      ...warningsOf(dataset, hasOwnSentences(spec.method) ? [] : captions.missing, spec),
      ...shareWarning(spec.data.share, split.training.length),
    ],
  };
  const plan = planJob({ spec, base, data, cacheFolder, classImages });
  const { summary } = plan;
  const warnings = [...summary.warnings, ...adviceOf(spec, base, summary)];
  return { ...plan, summary: { ...summary, warnings } };
}

/** A number of images that there are not. */
export function shareWarning(share: DataShare, images: number): readonly string[] {
  if (share === 1 && images > 1)
    return [
      `Only 1 image of ${countText(images)} is trained on. For all of them, leave the share out or say all.`,
    ];
  return typeof share === 'number' && share > images
    ? [`There are ${countOf(images, 'image')} to train on, not ${countText(share)}; all are used.`]
    : [];
}

/** Null where the optimizer goes by none. */
function rateFor(
  method: RunSpec['method']['kind'],
  optimizer: RunSpec['train']['optimizer'],
  { ownRate }: BaseModel,
): number | null {
  if (optimizer.kind === 'adafactor' && optimizer.relativeStep) return null;
  return ownRate === undefined ? usualLearningRate(method, optimizer) : rateOf(ownRate, optimizer.kind);
}

/** What is allowed and most likely not meant, as the page has it beside its fields. */
function adviceOf(
  spec: ResolvedRunSpec,
  base: BaseModel,
  { images, steps, heldOut, checkpoints }: PlanSummary,
): readonly string[] {
  const { method, train, samples, resolution = null } = spec;
  const side = resolution ?? base.resolution;
  const advice = settingAdvice(
    {
      method,
      train,
      resolution,
      recipe: { ...samples, width: samples.width ?? side, height: samples.height ?? side },
    },
    {
      usualRate: rateFor(method.kind, train.optimizer, base),
      baseResolution: base.resolution,
      ...{ images, steps, heldOut, checkpoints: checkpoints.length },
    },
  );
  return [...advice].map(([path, text]) => `${path.replace('recipe.', 'samples.')}: ${text}`);
}

/**
 * What a spec, the base and the data come to. Throws `resolution-invalid` where the model cannot work at that
 * resolution.
 */
export function planJob({ spec, base, data, cacheFolder, classImages = null }: JobInput): Plan {
  const resolution = spec.resolution ?? base.resolution;
  if (resolution % base.pixelStep !== 0) {
    throw new Failure(
      'resolution-invalid',
      `${base.folder} cannot be trained at ${resolution} pixels.`,
      `Choose a multiple of ${base.pixelStep}; it was made for ${base.resolution}.`,
    );
  }
  const buckets = bucketsFor(resolution, base.pixelStep);
  const all = [...data.training, ...data.heldOut];
  const placed = (given: JobInput['data']['training']): readonly TrainingImage[] =>
    withWord(toTrainingImages(given, data.captions, buckets), spec.method);
  const whole = placed(data.training).map((image) => ({
    ...image,
    repeats: (image.repeats ?? 1) * spec.data.repeats,
  }));
  const images = withMasks(whole, spec.train.masks, spec.method);
  const validation = placed(data.heldOut);

  const prior = priorOf(spec, classImages, images);
  const settings = settingsOf(spec);
  const job: TrainJob = {
    kind: 'train',
    folder: spec.folder,
    cacheFolder: spec.cacheFolder ?? cacheFolder,
    base: spec.base,
    method: methodOf(spec.method),
    settings,
    images,
    validation,
    ...(prior && { prior }),
    device: withoutUndefined(spec.device),
  };
  const stepsPerEpoch = countSteps(images, settings.batchSize, settings.gradientAccumulation);
  return {
    run: { folder: spec.folder, spec: { ...spec, resolution }, job },
    summary: {
      name: spec.name,
      images: images.length,
      heldOut: validation.length,
      resolution,
      buckets: countBuckets(images),
      stepsPerEpoch,
      steps: stepsPerEpoch * settings.epochs,
      epochs: settings.epochs,
      checkpoints: settings.checkpointEpochs,
      patience: settings.patience ?? 0,
      captionExample: images[0]?.captions[0] ?? '',
      classImages: prior && {
        count: prior.making?.sizes.reduce((sum, { count }) => sum + count, 0) ?? prior.images.length,
        made: prior.making !== undefined,
      },
      warnings: [
        ...data.warnings,
        ...priorWarnings(spec.prior, classImages, images),
        ...maskWarnings(images, spec.train.masks),
        ...idleSettings(spec),
        ...cropWarnings(all, buckets),
        ...sizeWarnings(all, buckets),
      ],
    },
  };
}

/** What a word is learned from has it in its captions. */
function withWord(images: readonly TrainingImage[], method: RunSpec['method']): readonly TrainingImage[] {
  if (method.kind !== 'embedding') return images;
  return images.map((image) => ({ ...image, captions: captionsWithWord(image.captions, method) }));
}

function methodOf(method: RunSpec['method']): Method {
  if (method.kind === 'embedding') {
    const { kind, word, vectors, initWords } = method;
    return { kind, word, vectors, initWords };
  }
  return method.kind === 'lora' ? { ...method, alpha: method.alpha ?? method.rank } : method;
}

function settingsOf({ train, method }: RunSpec): TrainingSettings {
  const { epochs, batchSize, gradientAccumulation, optimizer, ...others } = train;
  const {
    checkpoints,
    schedule,
    warmupSteps,
    learningRate,
    patience,
    clipSkip,
    captionTokens,
    loss,
    masks,
    noise,
    augmentation,
    ...rest
  } = others;
  const kept = new Set([...checkpoints.filter((epoch) => epoch <= train.epochs), train.epochs]);
  // In this order always: it is part of what tells whether a state belongs to a run.
  return {
    epochs,
    batchSize,
    gradientAccumulation,
    optimizer,
    ...rest,
    learningRate: learningRate ?? usualLearningRate(method.kind, optimizer),
    checkpointEpochs: [...kept].sort((a, b) => a - b),
    schedule: { kind: schedule, warmupSteps },
    // Left out where it does nothing, so that runs from before there was a choice are known again.
    ...(patience > 0 && { patience }),
    ...chosenReading({ clipSkip, captionTokens }),
    ...(isUnusualLoss(loss) && { loss }),
    ...(isUnusualNoise(noise) && { noise }),
    ...(masks.source !== 'none' && { masks }),
    ...(isAugmented(augmentation) && { augmentation }),
  };
}

/** As the split has it. */
export function validationChoice(validation: RunSpec['data']['validation']): ValidationChoice {
  if (validation === 'marked') return { kind: 'marked' };
  if (typeof validation !== 'number') return { kind: 'ids', ids: validation };
  if (validation === 0) return { kind: 'none' };
  return validation < 1 ? { kind: 'fraction', fraction: validation } : { kind: 'count', count: validation };
}

function countBuckets(images: readonly TrainingImage[]): PlanSummary['buckets'] {
  const counts = new Map<string, { width: number; height: number; images: number }>();
  for (const { width, height } of images) {
    const bucket = counts.get(`${width}x${height}`) ?? { width, height, images: 0 };
    bucket.images += 1;
    counts.set(`${width}x${height}`, bucket);
  }
  return [...counts.values()].sort((a, b) => b.images - a.images);
}

const shownWarnings = 5;

function warningsOf(
  { images, problems, leftOut }: Dataset,
  missing: readonly { readonly id: string; readonly fields: readonly string[] }[],
  { data, method }: ResolvedRunSpec,
): readonly string[] {
  const [first] = missing;
  const lacks = first === undefined || first.fields.length === 0 ? '' : ` (no ${first.fields.join(', ')})`;
  const nobodyChose = data.captions.kind === 'sidecar' && method.kind !== 'vae';
  const columns = nobodyChose && missing.length === images.length ? columnsForCaptions(images) : null;
  return [
    ...problems.slice(0, shownWarnings).map(({ failure }) => failure.message),
    ...(problems.length > shownWarnings
      ? [`… and ${countOf(problems.length - shownWarnings, 'more file')}.`]
      : []),
    ...(first === undefined ? [] : [columns ?? lackText(missing.length, `${first.id}${lacks}`)]),
    ...leftOut.filter(({ expected }) => !expected).map(({ failure }) => failureText(failure)),
    ...leftOut.filter(({ expected }) => expected).map(({ failure }) => failure.message),
  ];
}

/** @param first the first of them, with what it lacks */
function lackText(images: number, first: string): string {
  return images === 1
    ? `1 image has no caption, or lacks a part of it: ${first}.`
    : `${countText(images)} images have no caption, or lack a part of it. The first is ${first}.`;
}

export function summaryLines(summary: PlanSummary): readonly string[] {
  const { name, images, heldOut, resolution, buckets, stepsPerEpoch, steps, epochs, checkpoints } = summary;
  const shapes = buckets
    .slice(0, 6)
    .map(({ width, height, images: count }) => `${width}x${height}: ${count}`)
    .join(', ');
  // Without held-out images there is no loss to end by, which a warning says.
  const endsEarly = summary.patience > 0 && heldOut > 0;
  return [
    `${name}: ${countOf(images, 'image')}${heldOut > 0 ? ` and ${heldOut} held out` : ''}, at ${resolution} pixels (${shapes}${buckets.length > 6 ? ', …' : ''})`,
    `  ${endsEarly ? 'at most ' : ''}${countOf(epochs, 'epoch')} of ${countOf(stepsPerEpoch, 'step')}: ${countOf(steps, 'step')}; checkpoints after ${checkpoints.length === 1 ? 'epoch' : 'epochs'} ${checkpoints.join(', ')}`,
    ...(endsEarly ? [`  ${patienceText(summary.patience)}`] : []),
    ...(summary.classImages === null ? [] : [`  ${classImagesText(summary.classImages)}`]),
    ...holdOutLines(summary),
    `  a caption: ${summary.captionExample === '' ? noWords : summary.captionExample}`,
    ...summary.warnings.map((warning) => `  ! ${warning}`),
  ];
}

const noWords = '(no words; --caption and --caption-template give some)';

/** What the studio's form offers, too. */
function holdOutLines({ images, heldOut }: PlanSummary): readonly string[] {
  const count = heldOut > 0 ? null : proposedHoldOut(images);
  return count === null
    ? []
    : [
        `  no image is held out: --validation ${count} keeps ${count} from training, to show which epoch learned most`,
      ];
}

function classImagesText({ count, made }: NonNullable<PlanSummary['classImages']>): string {
  return made
    ? `${countOf(count, 'class image')} beside them, made by the base first where they are not there yet`
    : `${countOf(count, 'class image')} beside them`;
}

/** Keys that hold nothing are left out, which is what `DeviceChoice` means by optional. */
function withoutUndefined(device: RunSpec['device']): TrainJob['device'] {
  const { provider, gpu, api, threads } = device;
  return {
    ...(provider === undefined ? {} : { provider }),
    ...(gpu === undefined ? {} : { gpu }),
    ...(api === undefined ? {} : { api }),
    ...(threads === undefined ? {} : { threads }),
  };
}
