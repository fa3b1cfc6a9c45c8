import { samplerLabel } from '../../native/facts/samplers.ts';
import { Failure } from '../../native/failure.ts';
import type { Axis, ComparisonLayout } from '../contract/gallery.ts';
import { countOf } from '../contract/quantities.ts';
import { recipeOf } from '../contract/runs.ts';
import type { PromptData } from '../contract/values.ts';
import type { EpochLosses, Run } from '../runs/run-folder.ts';
import type { RunRecord } from '../runs/run-records.ts';
import type { Animation } from '../sheets/animation.ts';
import type { Label } from '../sheets/label.ts';
import type { Sheet } from '../sheets/sheet.ts';
import { clipSkipText, epochLabel, promptLabel } from './axis-labels.ts';
import { heldOutImage, subtitle } from './comparison.ts';

/** A run that is laid out. */
export interface LaidOutRun {
  readonly record: RunRecord;
  readonly run: Run;
  readonly losses: readonly EpochLosses[];
}

/** A place in a comparison. */
export interface Point {
  readonly runId: number;
  readonly epoch: number;
  readonly prompt: PromptData;
  readonly seed: number;
}

export interface LayoutInput {
  readonly layout: ComparisonLayout;
  /** Those of the layout, in its order. */
  readonly runs: readonly LaidOutRun[];
  /** The picture's file; null where it has not been made. */
  readonly fileOf: (point: Point) => string | null;
}

interface Stop {
  readonly label: Label;
  readonly at: Partial<Point>;
}

/**
 * Any two axes as rows and columns. Where epochs stand beside each other, the held-out image whose caption a row's prompt
 * is stands in front.
 * @throws Failure `layout-invalid`, `nothing-made`
 */
export function layOutSheet(input: LayoutInput): Sheet {
  const { layout } = input;
  checkAxes(layout, [layout.rows, layout.columns]);
  const [rows, columns] = [stopsOf(input, layout.rows), stopsOf(input, layout.columns)];
  const pictures = rows.map((row) => columns.map((column) => input.fileOf(pointOf(input, row, column))));
  checkMade(pictures);
  const [only] = input.runs;
  const heldOut = rows.map(({ at }) =>
    layout.columns === 'epoch' && layout.rows === 'prompt' ? heldOutImage(only!.run, at.prompt!) : null,
  );
  const showsHeldOut = heldOut.some((file) => file !== null);
  return {
    title: titleOf(input),
    subtitle: subtitleOf(input, [layout.rows, layout.columns]),
    columns: [
      ...(showsHeldOut ? [{ text: 'Held out', note: 'never trained on' }] : []),
      ...columns.map(({ label }) => label),
    ],
    rows: rows.map(({ label }) => label),
    pictures: pictures.map((files, index) => [...(showsHeldOut ? [heldOut[index] ?? null] : []), ...files]),
    footer: footerOf(input),
  };
}

/**
 * A frame for every epoch, and in each the pictures of all other axes' values.
 * @throws Failure `layout-invalid`, `nothing-made`
 */
export function layOutAnimation(input: LayoutInput): Animation & { readonly columnCount: number | null } {
  const { layout } = input;
  const others = [layout.rows, layout.columns].filter((axis) => axis !== 'epoch');
  checkAxes(layout, [...others, 'epoch']);
  const [outer, inner] = others.map((axis) => stopsOf(input, axis));
  const cells: readonly (readonly Stop[])[] =
    inner === undefined
      ? (outer ?? stopsOf(input, 'prompt')).map((stop) => [stop])
      : outer!.flatMap((row) => inner.map((column) => [row, column]));
  const epochs = stopsOf(input, 'epoch');
  const frames = epochs.map((epoch) => ({
    label: epoch.label.text,
    pictures: cells.map((cell) => input.fileOf(pointOf(input, epoch, ...cell))),
  }));
  checkMade(frames.map(({ pictures }) => pictures));
  return {
    title: `${titleOf(input)}: ${subtitleOf(input, [...others, 'epoch'])}`,
    captions: cells.map((cell) => joined(cell.map(({ label }) => label))),
    frames,
    columnCount: inner?.length ?? null,
  };
}

/** How all of it was made, for programs. */
export function layoutOrigin({ layout, runs }: LayoutInput): string {
  return JSON.stringify({
    software: 'Screenfold',
    runs: runs.map(({ record }) => ({
      name: record.name,
      base: record.baseName,
      dataset: record.datasetName,
      captions: record.captionSetName,
      method: record.request.method,
      train: record.request.train,
      recipe: recipeOf(record.request),
    })),
    epochs: layout.epochs,
    prompts: layout.prompts,
    seeds: layout.seeds,
    rows: layout.rows,
    columns: layout.columns,
  });
}

function countsOf(layout: ComparisonLayout): Readonly<Record<Axis, number>> {
  const { epochs, prompts, seeds, runIds } = layout;
  return { epoch: epochs.length, prompt: prompts.length, seed: seeds.length, run: runIds.length };
}

function checkAxes(layout: ComparisonLayout, shown: readonly Axis[]): void {
  if (layout.rows === layout.columns) {
    throw invalid('rows and columns are the same axis.');
  }
  for (const [axis, count] of Object.entries(countsOf(layout)) as [Axis, number][]) {
    if (count > 1 && !shown.includes(axis))
      throw invalid(`there are ${count} values of ${axis}, which is neither rows nor columns.`);
  }
}

function invalid(message: string): Failure {
  return new Failure(
    'layout-invalid',
    `This comparison cannot be laid out: ${message}`,
    'Choose two axes as rows and columns, and one value of each other axis.',
  );
}

function checkMade(pictures: readonly (readonly (string | null)[])[]): void {
  if (pictures.flat().some((file) => file !== null)) return;
  throw new Failure(
    'nothing-made',
    'None of these pictures is made yet.',
    'Make them first: they appear one by one.',
  );
}

function stopsOf({ layout, runs }: LayoutInput, axis: Axis): readonly Stop[] {
  const [only] = runs;
  switch (axis) {
    case 'epoch':
      return layout.epochs.map((epoch) => ({
        at: { epoch },
        label: epochLabel(epoch, runs.length === 1 ? only!.losses : []),
      }));
    case 'prompt':
      return layout.prompts.map((prompt) => ({ at: { prompt }, label: promptLabel(prompt, 0, false) }));
    case 'seed':
      return layout.seeds.map((seed) => ({ at: { seed }, label: { text: `Seed ${seed}` } }));
    case 'run':
      return runs.map(({ record }) => ({
        at: { runId: record.id },
        label: { text: record.name, note: `captions: ${record.captionSetName}` },
      }));
  }
}

function pointOf({ layout }: LayoutInput, ...stops: readonly Stop[]): Point {
  const first = {
    runId: layout.runIds[0]!,
    epoch: layout.epochs[0]!,
    prompt: layout.prompts[0]!,
    seed: layout.seeds[0]!,
  };
  return stops.reduce<Point>((point, { at }) => ({ ...point, ...at }), first);
}

function joined(labels: readonly Label[]): Label {
  const [first, ...rest] = labels;
  const notes = [first!.note, ...rest.map(({ text }) => text)].filter((note) => note !== undefined);
  return { text: first!.text, ...(notes.length === 0 ? {} : { note: notes.join(', ') }) };
}

function titleOf({ runs }: LayoutInput): string {
  return [...new Set(runs.map(({ record }) => record.name))].join(', ');
}

function subtitleOf({ layout, runs }: LayoutInput, shown: readonly Axis[]): string {
  const [only] = runs;
  const [prompt] = layout.prompts;
  return [
    ...(runs.length === 1 ? [subtitle(only!.run)] : [`${runs.length} runs`]),
    ...(shown.includes('epoch') ? [] : [epochLabel(layout.epochs[0]!, []).text]),
    ...(shown.includes('prompt') ? [] : [`“${promptLabel(prompt!, 0, false).text}”`]),
    ...(shown.includes('seed') ? [] : [`seed ${layout.seeds[0]!}`]),
  ].join(', ');
}

function footerOf({ layout, runs }: LayoutInput): readonly string[] {
  const [first] = runs;
  const { sampler, steps, guidanceScale, clipSkip } = recipeOf(first!.record.request);
  const { learningRate, batchSize, schedule, seed } = first!.run.job.settings;
  const noise = layout.seeds.length === 1 ? `seed ${layout.seeds[0]!}` : `seeds ${layout.seeds.join(', ')}`;
  return [
    `Pictures: ${samplerLabel(sampler)}, ${countOf(steps, 'step')}, guidance ${guidanceScale}, ${clipSkipText(clipSkip)}${noise}; equal seeds are equal noise.`,
    `Training: learning rate ${learningRate} (${schedule.kind}), batch ${batchSize}, seed ${seed}.`,
  ];
}
