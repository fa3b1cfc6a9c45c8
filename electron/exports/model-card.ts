import { basename } from 'node:path';

import type { ModelFormat } from '../../native/facts/model-formats.ts';
import { optimizerFacts, optimizerOf, settingsByName } from '../../native/facts/optimizers.ts';
import type { TrainJob } from '../../native/jobs.ts';
import { methodText } from '../contract/method-text.ts';
import { settingText } from '../contract/optimizer-spec.ts';
import type { EpochLosses, PlannedRunSpec } from '../runs/run-folder.ts';

export interface ModelCard {
  readonly spec: PlannedRunSpec;
  readonly job: TrainJob;
  readonly epoch: number;
  readonly losses: EpochLosses | null;
  readonly format: ModelFormat;
  /** Licence of the base as its own card states it, or null. */
  readonly baseLicence: string | null;
  /** SHA-256 by file name, as exported. */
  readonly hashes: Readonly<Record<string, string>>;
  readonly software: string;
  /** Of the export, as `2026-01-31`. */
  readonly date: string;
  /** More rows of the settings. */
  readonly facts: readonly (readonly [name: string, value: string])[];
}

/** A model card as hubs and people read it: Markdown under a YAML head. */
export function modelCard(card: ModelCard): string {
  const { spec, job, epoch, losses, format, hashes } = card;
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
    ['Resolution', `${spec.resolution} px`],
    ['Batch', batchText(settings)],
    ['Learning rate', `${settings.learningRate}, ${scheduleText(settings)}`],
    optimizerRow(settings),
    ['Caption dropout', settings.captionDropout],
    ...(settings.emaDecay > 0 ? [['EMA decay', settings.emaDecay] as const] : []),
    ...(settings.minSnrGamma > 0 ? [['Min-SNR gamma', settings.minSnrGamma] as const] : []),
    ...(settings.noiseOffset > 0 ? [['Noise offset', settings.noiseOffset] as const] : []),
    ...(settings.fusedBackward ? [['Weights updated', 'during the backward pass'] as const] : []),
    ['Random flip', settings.randomFlip ? 'yes' : 'no'],
    ['Seed', settings.seed],
    ...(losses === null ? [] : [['Training loss', lossText(losses.trainLoss)] as const]),
    ...(losses?.validationLoss == null ? [] : [['Held-out loss', lossText(losses.validationLoss)] as const]),
    ...card.facts.map(([name, value]) => [inline(name), inline(value)] as const),
  ];

  return `${[
    head(card, base),
    `# ${inline(spec.name)}`,
    `${format === 'lora' ? 'A LoRA for' : 'A Stable Diffusion model finetuned from'} \`${base}\`.`,
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
    '## Licence',
    licenceText(card.baseLicence),
    '## Provenance',
    `Made with ${card.software} on ${card.date}. SHA-256 of the weights:`,
    Object.entries(hashes)
      .map(([file, hash]) => `- \`${file}\`: \`${hash}\``)
      .join('\n'),
  ].join('\n\n')}\n`;
}

function head({ format, baseLicence }: ModelCard, base: string): string {
  const tags = ['stable-diffusion', 'text-to-image', 'diffusers', ...(format === 'lora' ? ['lora'] : [])];
  return [
    '---',
    // JSON's strings are YAML's too, and need no guessing about what YAML takes for something else.
    `base_model: ${JSON.stringify(base)}`,
    ...(baseLicence === null ? [] : [`license: ${JSON.stringify(baseLicence)}`]),
    'tags:',
    ...tags.map((tag) => `  - ${tag}`),
    '---',
  ].join('\n');
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
    : `${schedule.kind} after ${schedule.warmupSteps} steps of warm-up`;
}

function licenceText(baseLicence: string | null): string {
  const base =
    baseLicence === null
      ? 'The base does not state its licence here; find it where the base came from.'
      : `The base states \`${baseLicence}\`.`;
  return `${base} What was made from a model stays under the terms of that model, and the rights in the training images stay with whoever holds them.`;
}

function lossText(loss: number | null): string {
  return loss === null ? '–' : loss.toFixed(5);
}

/** Text that stays one line and text in Markdown, whatever is in it. */
function inline(text: string): string {
  return text
    .replace(/\s+/g, ' ')
    .replace(/[\\`*_[\]<>|#]/g, '\\$&')
    .trim();
}
