import { augmentationText, isAugmented } from '../../../electron/contract/augmentation-spec.ts';
import { shareText } from '../../../electron/contract/data-share.ts';
import { usualLearningRate } from '../../../electron/contract/learning-rates.ts';
import {
  errorText,
  isUnusualLoss,
  isUnusualNoise,
  noiseTexts,
} from '../../../electron/contract/loss-spec.ts';
import { maskText } from '../../../electron/contract/mask-spec.ts';
import { methodText } from '../../../electron/contract/method-text.ts';
import { optimizerLabel, settingsByName, settingText } from '../../../electron/contract/optimizer-spec.ts';
import { priorText } from '../../../electron/contract/prior-spec.ts';
import type { RunDetail } from '../../../electron/contract/runs.ts';
import { samplerLabel } from '../../../electron/contract/values.ts';
import { numberText } from '../../components/number-text.ts';
import { promptText } from '../../components/prompt-text.ts';
import { countOf, countText, parametersText } from '../../components/quantities.ts';

export interface SettingsGroup {
  readonly title: string;
  readonly rows: readonly (readonly [string, string])[];
}

/** Everything a run was started with, in groups. */
export function settingsGroups(run: RunDetail): readonly SettingsGroup[] {
  const { request, plan } = run;
  const { method, train, recipe } = request;
  const learningRate = train.learningRate ?? usualLearningRate(method.kind, train.optimizer);
  return [
    {
      title: 'Data',
      rows: [
        ['Data set', run.datasetName],
        ['Captions', run.captionSetName],
        ['Images', `${countText(plan.images)} and ${countText(plan.heldOut)} held out`],
        ...(request.shares[0] === 'all' ? [] : [['Share', shareText(request.shares[0] ?? 'all')] as const]),
        ['Resolution', `${plan.resolution} px`],
        ...(request.prior === null ? [] : [['Class images', priorText(request.prior)] as const]),
        ['Caption dropout', String(train.captionDropout)],
        ...(train.masks.source === 'none' ? [] : [['Masks', maskText(train.masks)] as const]),
        ['Random flip', train.randomFlip ? 'yes' : 'no'],
        ...(isAugmented(train.augmentation)
          ? [['Altered images', augmentationText(train.augmentation)] as const]
          : []),
        ...(train.captionTokens > 75
          ? [['Caption length', `up to ${train.captionTokens} tokens`] as const]
          : []),
        ...(train.clipSkip > 1 ? [['Clip skip', String(train.clipSkip)] as const] : []),
      ],
    },
    {
      title: 'Model',
      rows: [
        ['Base', run.baseName],
        ['Method', methodText(method)],
        [
          'Trained',
          `${parametersText(plan.trainedParameters)} of ${parametersText(plan.parameters)} parameters`,
        ],
        ['EMA decay', train.emaDecay === 0 ? 'none' : String(train.emaDecay)],
      ],
    },
    {
      title: 'Training',
      rows: [
        ['Epochs', `${run.epochs}, of ${countOf(plan.stepsPerEpoch, 'step')} each`],
        ['Checkpoints', `after epochs ${plan.checkpoints.join(', ')}`],
        ...(train.patience > 0
          ? [
              [
                'Stops early',
                `after ${countOf(train.patience, 'kept epoch')} without a lower held-out loss`,
              ] as const,
            ]
          : []),
        ['Batch', batchText(train)],
        ['Learning rate', `${numberText(learningRate)}, ${train.schedule}`],
        ...(plan.extensions ?? []).map(
          ({ from, to, rates }) =>
            [
              'Trained on',
              `from epoch ${from} to ${to}${rates === null ? '' : `, learning rate ${numberText(rates.learningRate)}, ${rates.schedule}`}`,
            ] as const,
        ),
        ['Warm-up', train.warmupSteps === 0 ? 'none' : countOf(train.warmupSteps, 'step')],
        [
          optimizerLabel(train.optimizer),
          settingsByName(train.optimizer)
            .map(({ label, value }) => `${label.toLowerCase()} ${settingText(value, numberText)}`)
            .join(', '),
        ],
        [
          'Gradient norm',
          train.maxGradientNorm === 0 ? 'not clipped' : `clipped at ${train.maxGradientNorm}`,
        ],
        ...(train.fusedBackward ? [['Weights updated', 'during the backward pass'] as const] : []),
        ['Min-SNR γ', train.minSnrGamma === 0 ? 'unweighted' : String(train.minSnrGamma)],
        ['Noise offset', train.noiseOffset === 0 ? 'none' : String(train.noiseOffset)],
        ...(isUnusualLoss(train.loss) ? [['Error', errorText(train.loss)] as const] : []),
        ...(isUnusualNoise(train.noise) ? [['Noise', noiseTexts(train.noise).join(', ')] as const] : []),
        ['Seed', String(train.seed)],
        ['Computed in', train.precision === 'auto' ? 'what suits the device' : train.precision],
        ['Checkpoint precision', train.checkpointPrecision],
      ],
    },
    {
      title: 'Pictures',
      rows: [
        ['Sampler', `${samplerLabel(recipe.sampler)}, ${countOf(recipe.steps, 'step')}`],
        ['Guidance scale', String(recipe.guidanceScale)],
        ['Size', `${recipe.width} × ${recipe.height} px`],
        ['Seeds', run.seeds.join(', ')],
        ...run.prompts.map((prompt, index) => [`Prompt ${index + 1}`, promptText(prompt)] as const),
      ],
    },
  ];
}

function batchText({
  batchSize,
  gradientAccumulation,
  imagesAtOnce = batchSize,
}: RunDetail['request']['train']): string {
  const accumulated = gradientAccumulation > 1 ? ` × ${gradientAccumulation}` : '';
  const inTurn = imagesAtOnce < batchSize ? `, ${imagesAtOnce} at once` : '';
  return `${batchSize}${accumulated}${inTurn}`;
}
