import { basename } from 'node:path';

import { augmentationText } from '../../native/facts/augmentation.ts';
import { chosenReading } from '../../native/facts/caption-reading.ts';
import { errorText, noiseTexts } from '../../native/facts/losses.ts';
import { maskText } from '../../native/facts/masks.ts';
import type { ModelFormat } from '../../native/facts/model-formats.ts';
import { optimizerFacts, optimizerOf, settingsByName } from '../../native/facts/optimizers.ts';
import type { TrainJob } from '../../native/jobs.ts';
import { methodText } from '../contract/method-text.ts';
import { settingText } from '../contract/optimizer-spec.ts';
import { priorText } from '../contract/prior-spec.ts';
import { countOf, lossText } from '../contract/quantities.ts';
import type { EpochLosses, PlannedRunSpec } from '../runs/run-folder.ts';
import {
  cardHead,
  graphsSection,
  inline,
  licenceText,
  lorasSection,
  type MergedLora,
  proofSection,
  provenance,
  type ShownProof,
  wordSection,
} from './card-parts.ts';

export interface ModelCard {
  readonly spec: PlannedRunSpec;
  readonly job: TrainJob;
  readonly epoch: number;
  readonly losses: EpochLosses | null;
  /** Held-out loss before the first step; null where it was not measured. */
  readonly lossBefore: number | null;
  readonly format: ModelFormat;
  /** Licence of the base as its own card states it, or null. */
  readonly baseLicence: string | null;
  /** SHA-256 by file name, as exported. */
  readonly hashes: Readonly<Record<string, string>>;
  readonly software: string;
  /** Of the export, as `2026-01-31`. */
  readonly date: string;
  /** Merged into it besides what the run trained. */
  readonly loras: readonly MergedLora[];
  readonly proof: ShownProof | null;
  /** Of an ONNX pipeline. */
  readonly pixelStep?: number;
  /** More rows of the settings. */
  readonly facts: readonly (readonly [name: string, value: string])[];
}

/** A model card as hubs and people read it: Markdown under a YAML head. */
export function modelCard(card: ModelCard): string {
  const { spec, job, epoch, losses, lossBefore, format, hashes, loras } = card;
  const { settings } = job;
  const base = basename(job.base);
  const triggers = [...new Set(job.images.map((image) => image.captions[0] ?? ''))].filter(
    (text) => text !== '',
  );
  const rows: readonly (readonly [string, string | number])[] = [
    ['Method', methodText(job.method)],
    ['Epoch', `${epoch} of ${settings.epochs}`],
    [
      'Images',
      `${job.images.length}${job.validation.length > 0 ? `, and ${job.validation.length} held out` : ''}`,
    ],
    ...(spec.prior ? [['Class images', inline(priorText(spec.prior))] as const] : []),
    ['Resolution', `${spec.resolution} px`],
    ['Batch', batchText(settings)],
    ['Learning rate', `${settings.learningRate}, ${scheduleText(settings)}`],
    optimizerRow(settings),
    ['Caption dropout', settings.captionDropout],
    ...(settings.emaDecay > 0 ? [['EMA decay', settings.emaDecay] as const] : []),
    ...(settings.minSnrGamma > 0 ? [['Min-SNR gamma', settings.minSnrGamma] as const] : []),
    ...(settings.noiseOffset > 0 ? [['Noise offset', settings.noiseOffset] as const] : []),
    ...(settings.loss ? [['Error', errorText(settings.loss)] as const] : []),
    ...(settings.noise ? [['Noise', noiseTexts(settings.noise).join(', ')] as const] : []),
    ...(settings.masks ? [['Masks', maskText(settings.masks)] as const] : []),
    ...(settings.augmentation ? [['Altered images', augmentationText(settings.augmentation)] as const] : []),
    ...(settings.fusedBackward ? [['Weights updated', 'during the backward pass'] as const] : []),
    ...readingRows(settings, format),
    ['Random flip', settings.randomFlip ? 'yes' : 'no'],
    ['Seed', settings.seed],
    ...(losses === null ? [] : [['Training loss', lossText(losses.trainLoss)] as const]),
    ...(losses?.validationLoss == null
      ? []
      : [['Held-out loss', heldOutText(losses.validationLoss, lossBefore)] as const]),
    ...card.facts.map(([name, value]) => [inline(name), inline(value)] as const),
  ];

  return `${[
    cardHead(base, {
      baseLicence: card.baseLicence,
      loras,
      isLora: format === 'lora',
      isWord: format === 'embedding',
    }),
    `# ${inline(spec.name)}`,
    `${whatItIs(card)} \`${base}\`.`,
    ...wordSection(job),
    ...graphsSection(card.pixelStep),
    ...(triggers.length === 0
      ? []
      : [
          '## Words it knows\n\nCaptions it was trained on:',
          triggers
            .slice(0, 5)
            .map((text) => `- ${inline(text)}`)
            .join('\n'),
        ]),
    '## Training settings',
    ['| | |', '|---|---|', ...rows.map(([name, value]) => `| ${name} | ${value} |`)].join('\n'),
    ...lorasSection(loras),
    ...proofSection(card.proof),
    '## Licence',
    licenceText(card.baseLicence, loras),
    ...provenance(card.software, card.date, hashes),
  ].join('\n\n')}\n`;
}

function whatItIs({ format, job: { method } }: Pick<ModelCard, 'format' | 'job'>): string {
  if (method.kind === 'embedding') return `The new word “${inline(method.word)}” for`;
  return format === 'lora' ? 'A LoRA for' : 'A Stable Diffusion model finetuned from';
}

/** How captions were read, where that is not as usual; pictures are to be made with the same clip skip, as other programs call it. */
function readingRows(
  settings: TrainJob['settings'],
  format: ModelFormat,
): readonly (readonly [string, string])[] {
  const { clipSkip, captionTokens } = chosenReading(settings);
  return [
    ...(clipSkip === undefined ? [] : [clipSkipRow(clipSkip, format)]),
    ...(captionTokens === undefined
      ? []
      : [['Tokens of a caption', `up to ${captionTokens}, 75 at a time`] as const]),
  ];
}

function clipSkipRow(clipSkip: number, format: ModelFormat): readonly [string, string] {
  const others = `\`Clip skip: ${clipSkip}\` in A1111, \`clip_skip=${clipSkip - 1}\` in diffusers`;
  const graphs = format === 'onnx' ? '; these graphs have the last layer alone' : '';
  return ['Clip skip', `${clipSkip} (${others}${graphs})`];
}

function optimizerRow(settings: TrainJob['settings']): readonly [string, string] {
  const optimizer = optimizerOf(settings);
  const numbers = settingsByName(optimizer)
    .filter(({ name }) => name !== 'epsilon')
    .map(({ label, value }) => `${label.toLowerCase()} ${settingText(value)}`);
  return [optimizerFacts[optimizer.kind].label, numbers.join(', ')];
}

function batchText({ batchSize, gradientAccumulation }: TrainJob['settings']): string {
  return gradientAccumulation === 1 ? String(batchSize) : `${batchSize}, ${gradientAccumulation} accumulated`;
}

function scheduleText({ schedule }: TrainJob['settings']): string {
  return schedule.warmupSteps === 0
    ? schedule.kind
    : `${schedule.kind} after ${countOf(schedule.warmupSteps, 'step')} of warm-up`;
}

function heldOutText(loss: number, before: number | null): string {
  return before === null ? lossText(loss) : `${lossText(loss)}, before training ${lossText(before)}`;
}
