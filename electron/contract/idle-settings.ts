import { usualAugmentation } from '../../native/facts/augmentation.ts';
import { usualLoss, usualNoise } from '../../native/facts/losses.ts';
import { isAugmented } from './augmentation-spec.ts';
import { usualMasks } from './mask-spec.ts';
import { usualPrior } from './prior-spec.ts';
import type { RunSpec } from './run-spec.ts';

type Idle = readonly [isIdle: boolean, key: string, why: string];

/** Settings that were changed and do nothing beside the others, one sentence each that names the key. */
export function idleSettings({
  method,
  train,
  prior,
}: Pick<RunSpec, 'method' | 'train' | 'prior'>): string[] {
  return [
    ...(method.kind === 'lora' ? ofLora(method, train) : []),
    ...ofLoss(train),
    ...ofOptimizer(train),
    ...ofImages(train),
    ...(prior?.folder === undefined ? [] : ofGivenClassImages(prior)),
  ].flatMap(([isIdle, key, why]) => (isIdle ? [`${key} does nothing: ${why}.`] : []));
}

function ofLora(
  method: Extract<RunSpec['method'], { kind: 'lora' }>,
  train: RunSpec['train'],
): readonly Idle[] {
  const { convAlpha, convRank, upRate = 1, blockRanks, textEncoder } = method;
  return [
    [convAlpha !== undefined && convRank === undefined, 'method.convAlpha', 'there is no method.convRank'],
    [
      upRate !== 1 && isRelative(train),
      'method.upRate',
      'Adafactor with relativeStep goes by no learning rate that could be multiplied',
    ],
    [
      blockRanks?.textEncoder !== undefined && !textEncoder,
      'method.blockRanks.textEncoder',
      'the text encoder is not trained',
    ],
  ];
}

function ofLoss({ loss, noise }: RunSpec['train']): readonly Idle[] {
  const isPlain = loss.kind === 'mse';
  return [
    ...(['threshold', 'schedule', 'scale'] as const).map((name): Idle => [
      isPlain && loss[name] !== usualLoss[name],
      `train.loss.${name}`,
      'the mean squared error has no threshold; it is for huber and smooth-l1',
    ]),
    [
      !isPlain && loss.schedule === 'snr' && loss.scale !== usualLoss.scale,
      'train.loss.scale',
      'the schedule snr has no scale',
    ],
    [
      noise.pyramidIterations === 0 && noise.pyramidDiscount !== usualNoise.pyramidDiscount,
      'train.noise.pyramidDiscount',
      'train.noise.pyramidIterations is 0',
    ],
  ];
}

function ofOptimizer(train: RunSpec['train']): readonly Idle[] {
  const { optimizer, schedule, warmupSteps } = train;
  if (optimizer.kind !== 'adafactor') return [];
  const relative = 'Adafactor with relativeStep goes by no learning rate';
  return [
    [isRelative(train) && schedule !== 'constant', 'train.schedule', relative],
    [isRelative(train) && warmupSteps > 0, 'train.warmupSteps', relative],
    [
      !optimizer.relativeStep && optimizer.warmupInit,
      'train.optimizer.warmupInit',
      'it goes with train.optimizer.relativeStep',
    ],
  ];
}

const isRelative = ({ optimizer }: RunSpec['train']): boolean =>
  optimizer.kind === 'adafactor' && optimizer.relativeStep;

function ofImages({ masks, augmentation }: RunSpec['train']): readonly Idle[] {
  const unmasked = masks.source === 'none';
  const why = 'train.masks.source is none';
  return [
    [unmasked && masks.unmaskedWeight !== usualMasks.unmaskedWeight, 'train.masks.unmaskedWeight', why],
    [unmasked && masks.normalize, 'train.masks.normalize', why],
    [
      !isAugmented(augmentation) && augmentation.variants !== usualAugmentation.variants,
      'train.augmentation.variants',
      'nothing of the images is altered',
    ],
  ];
}

function ofGivenClassImages(prior: NonNullable<RunSpec['prior']>): readonly Idle[] {
  const why = 'prior.folder gives class images, so none are made';
  return [
    [prior.count !== usualPrior.count, 'prior.count', why],
    ...(['sampler', 'steps', 'guidanceScale'] as const).map((name): Idle => [
      prior[name] !== undefined,
      `prior.${name}`,
      why,
    ]),
  ];
}
