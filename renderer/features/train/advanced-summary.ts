import { isAugmented } from '../../../electron/contract/augmentation-spec.ts';
import { errorText, isUnusualLoss, noiseTexts } from '../../../electron/contract/loss-spec.ts';
import { optimizerLabel } from '../../../electron/contract/optimizer-spec.ts';
import type { RunRequest } from '../../../electron/contract/runs.ts';

/** What the folded part says of itself: batch and schedule always, the rest where it is in use. */
export function advancedSummary({ train, method }: RunRequest): string {
  const { batchSize, gradientAccumulation, schedule, emaDecay, minSnrGamma, noiseOffset, randomFlip } = train;
  const { optimizer } = train;
  return [
    `batch ${batchSize}${gradientAccumulation > 1 ? ` × ${gradientAccumulation}` : ''}`,
    `${schedule} learning rate`,
    ...(optimizer.kind === 'adamw' ? [] : [optimizerLabel(optimizer)]),
    ...(train.precision === 'auto' ? [] : [train.precision]),
    ...(emaDecay > 0 ? [`EMA ${emaDecay}`] : []),
    ...(minSnrGamma > 0 ? [`min-SNR ${minSnrGamma}`] : []),
    ...(noiseOffset > 0 ? [`noise offset ${noiseOffset}`] : []),
    ...(isUnusualLoss(train.loss) ? [errorText(train.loss)] : []),
    ...noiseTexts(train.noise),
    ...(train.masks.source === 'none' ? [] : ['masks']),
    ...(randomFlip ? ['random flip'] : []),
    ...(isAugmented(train.augmentation) ? ['altered images'] : []),
    ...(train.patience > 0 ? ['may stop early'] : []),
    ...(train.captionTokens > 75 ? ['long captions'] : []),
    ...(train.clipSkip > 1 ? [`clip skip ${train.clipSkip}`] : []),
    ...(method.kind === 'lora' && method.convRank !== undefined ? ['LoCon'] : []),
    ...(method.kind === 'lora' && method.dora ? ['DoRA'] : []),
    `seed ${train.seed}`,
  ].join(' · ');
}
