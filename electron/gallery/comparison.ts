import { basename } from 'node:path';

import { samplerLabel } from '../../native/facts/samplers.ts';
import { methodName } from '../contract/method-text.ts';
import { countOf } from '../contract/quantities.ts';
import type { EpochLosses, Run } from '../runs/run-folder.ts';
import { isPromptOf, type Prompt } from '../runs/run-prompts.ts';
import type { Animation } from '../sheets/animation.ts';
import type { Sheet } from '../sheets/sheet.ts';
import { clipSkipText, epochLabel, promptLabel } from './axis-labels.ts';
import type { Sample } from './sample-plan.ts';

/**
 * The sheet of a run's development: a column for every epoch, from the base on, a row for every prompt and seed.
 * Where prompts are captions of held-out images, those stand in front.
 */
export function comparisonSheet(run: Run, samples: readonly Sample[], losses: readonly EpochLosses[]): Sheet {
  const epochs = [...new Set(samples.map(({ epoch }) => epoch))];
  const rows = rowsOf(samples);
  const heldOut = rows.map(({ prompt }) => heldOutImage(run, prompt));
  const showsHeldOut = heldOut.some((file) => file !== null);
  const seeds = new Set(rows.map(({ seed }) => seed));
  return {
    title: run.spec.name,
    subtitle: subtitle(run),
    columns: [
      ...(showsHeldOut ? [{ text: 'Held out', note: 'never trained on' }] : []),
      ...epochs.map((epoch) => epochLabel(epoch, losses)),
    ],
    rows: rows.map(({ prompt, seed }) => promptLabel(prompt, seed, seeds.size > 1)),
    pictures: rows.map((row, index) => [
      ...(showsHeldOut ? [heldOut[index] ?? null] : []),
      ...epochs.map((epoch) => fileOf(samples, epoch, row)),
    ]),
    footer: footer(run, [...seeds]),
  };
}

/** The same pictures as an animation: a frame for every epoch, in each the pictures of all prompts and seeds. */
export function comparisonAnimation(run: Run, samples: readonly Sample[]): Animation {
  const epochs = [...new Set(samples.map(({ epoch }) => epoch))];
  const rows = rowsOf(samples);
  const seedsDiffer = new Set(rows.map(({ seed }) => seed)).size > 1;
  return {
    title: `${run.spec.name}: ${subtitle(run)}`,
    captions: rows.map(({ prompt, seed }) => promptLabel(prompt, seed, seedsDiffer)),
    frames: epochs.map((epoch) => ({
      label: epochLabel(epoch, []).text,
      pictures: rows.map((row) => fileOf(samples, epoch, row)),
    })),
  };
}

export interface Row {
  readonly prompt: Prompt;
  readonly seed: number;
}

function isRow(a: Row, b: Row): boolean {
  return (
    a.seed === b.seed &&
    a.prompt.prompt === b.prompt.prompt &&
    a.prompt.negativePrompt === b.prompt.negativePrompt
  );
}

export function rowsOf(samples: readonly Sample[]): readonly Row[] {
  const rows: Row[] = [];
  for (const { prompt, seed } of samples) {
    if (!rows.some((row) => isRow(row, { prompt, seed }))) rows.push({ prompt, seed });
  }
  return rows;
}

export function fileOf(samples: readonly Sample[], epoch: number, row: Row): string | null {
  return samples.find((sample) => sample.epoch === epoch && isRow(row, sample))?.picture.output ?? null;
}

export function heldOutImage({ job }: Run, { prompt }: Prompt): string | null {
  return job.validation.find(({ captions }) => isPromptOf(prompt, captions))?.path ?? null;
}

export function subtitle(run: Run): string {
  return subtitleParts(run).join(', ');
}

export function subtitleParts({ job }: Run): readonly string[] {
  const { method, images, settings, base } = job;
  return [
    countOf(images.length, 'image'),
    methodName(method.kind),
    countOf(settings.epochs, 'epoch'),
    `over ${basename(base)}`,
  ];
}

function footer({ spec, job }: Run, seeds: readonly number[]): readonly string[] {
  const { learningRate, batchSize, schedule, seed } = job.settings;
  return [
    picturesLine(spec, seeds, clipSkipText(clipSkipOf(spec))),
    `Training: learning rate ${learningRate} (${schedule.kind}), batch ${batchSize}, seed ${seed}.`,
  ];
}

export function clipSkipOf({ samples, train }: Run['spec']): number {
  return samples.clipSkip ?? train.clipSkip;
}

export function picturesLine({ samples }: Run['spec'], seeds: readonly number[], clipSkip: string): string {
  const { sampler, steps, guidanceScale } = samples;
  const noise = seeds.length === 1 ? `seed ${seeds[0]!}` : `seeds ${seeds.join(', ')}`;
  return `Pictures: ${samplerLabel(sampler)}, ${countOf(steps, 'step')}, guidance ${guidanceScale}, ${clipSkip}${noise}; the same noise in every column.`;
}
