import { basename, dirname, join } from 'node:path';

import type { Run } from '../runs/run-folder.ts';
import type { Sheet } from '../sheets/sheet.ts';
import { clipSkipText, epochLabel, promptLabel } from './axis-labels.ts';
import { clipSkipOf, fileOf, picturesLine, rowsOf, subtitleParts } from './comparison.ts';
import type { Sample } from './sample-plan.ts';

export interface RunOnSheet {
  readonly run: Run;
  /** Of one epoch, drawn by the first run's recipe. */
  readonly samples: readonly Sample[];
  /** It has kept no epoch: its base stands for it. */
  readonly isUntrained: boolean;
}

/** A run as it draws its pictures by another's recipe: what differs in them is then the training. Clip skip belongs to that. */
export function drawnAs(run: Run, { spec }: Run): Run {
  const { sampler, steps, guidanceScale, seeds } = spec.samples;
  const recipe = { sampler, steps, guidanceScale, seeds, ...sizeOf(spec) };
  return { ...run, spec: { ...run.spec, samples: { ...run.spec.samples, ...recipe } } };
}

/** What of their own recipes is not the same in all runs, in words. */
export function differingRecipe(runs: readonly Run[], seedsMatter: boolean): readonly string[] {
  const differs = (of: (run: Run) => unknown) => new Set(runs.map((run) => JSON.stringify(of(run)))).size > 1;
  return [
    ...(differs(({ spec }) => spec.samples.sampler) ? ['sampler'] : []),
    ...(differs(({ spec }) => spec.samples.steps) ? ['steps'] : []),
    ...(differs(({ spec }) => spec.samples.guidanceScale) ? ['guidance'] : []),
    ...(differs(({ spec }) => sizeOf(spec)) ? ['size'] : []),
    ...(seedsMatter && differs(({ spec }) => spec.samples.seeds) ? ['seeds'] : []),
  ];
}

export function recipeNote(first: string, differing: readonly string[]): string {
  return `All pictures are made with the settings of ${first}; the runs differ in their own (${differing.join(', ')}).`;
}

/** Runs beside each other: a column for every run, a row for every prompt and seed. */
export function runsSheet(runs: readonly RunOnSheet[], differing: readonly string[]): Sheet {
  const rows = rowsOf(runs.flatMap(({ samples }) => samples));
  const seeds = [...new Set(rows.map(({ seed }) => seed))];
  const all = runs.map(({ run }) => run);
  const [{ spec }] = all as [Run, ...Run[]];
  const names = runNames(all);
  const subtitle = sharedParts(all).join(', ');
  const clipSkips = new Set(all.map((run) => clipSkipOf(run.spec)));
  const clipSkip = clipSkips.size > 1 ? 'each with its own clip skip, ' : clipSkipText(clipSkipOf(spec));
  return {
    title: `${runs.length} runs`,
    ...(subtitle !== '' && { subtitle }),
    columns: runs.map(({ samples, isUntrained }, index) => {
      const epoch = epochLabel(samples[0]?.epoch ?? 0, []).text;
      return { text: names[index]!, note: isUntrained ? `${epoch}, no epoch kept yet` : epoch };
    }),
    rows: rows.map(({ prompt, seed }) => promptLabel(prompt, seed, seeds.length > 1)),
    pictures: rows.map((row) => runs.map(({ samples }) => fileOf(samples, samples[0]?.epoch ?? 0, row))),
    footer: [
      picturesLine(spec, seeds, clipSkip),
      ...(differing.length > 0 ? [recipeNote(names[0]!, differing)] : []),
    ],
  };
}

/** What is told of a run, where it is true of all. */
function sharedParts(runs: readonly Run[]): readonly string[] {
  const [first = [], ...others] = runs.map(subtitleParts);
  return first.filter((part, index) => others.every((parts) => parts[index] === part));
}

/** Runs of one name have as much of their folder's path beside it as tells them apart. */
export function runNames(runs: readonly Run[]): readonly string[] {
  return runs.map(({ spec, folder }) => {
    const others = runs.filter((run) => run.spec.name === spec.name && run.folder !== folder);
    if (others.length === 0) return spec.name;
    for (let depth = 1; ; depth++) {
      const end = pathEnd(folder, depth);
      if (others.every((other) => pathEnd(other.folder, depth) !== end)) return `${spec.name} (${end})`;
    }
  });
}

function pathEnd(folder: string, depth: number): string {
  return depth === 1 ? basename(folder) : join(pathEnd(dirname(folder), depth - 1), basename(folder));
}

function sizeOf({ samples, resolution }: Run['spec']) {
  return { width: samples.width ?? resolution, height: samples.height ?? resolution };
}
