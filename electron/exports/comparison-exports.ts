import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

import type { HandlersOf, ParsedInputOf } from '../contract/api.ts';
import { layOutAnimation, type LayoutInput, layoutOrigin, layOutSheet } from '../gallery/lay-out.ts';
import type { SampleRecords } from '../gallery/sample-records.ts';
import { readEpochLosses } from '../runs/run-folder.ts';
import type { RunReader } from '../runs/run-reader.ts';
import type { RunRecords } from '../runs/run-records.ts';
import { writeAnimation } from '../sheets/animation.ts';
import { writeSheet } from '../sheets/sheet.ts';
import type { ExportTasks } from './export-tasks.ts';

type Layout = ParsedInputOf<'exports.sheet'>['layout'];

export interface ComparisonExportDeps {
  readonly runs: RunRecords;
  readonly read: RunReader;
  readonly samples: SampleRecords;
  readonly tasks: ExportTasks;
}

/** A comparison as it is laid out on a page, as a sheet or as an animation. */
export function comparisonExports(
  deps: ComparisonExportDeps,
): Pick<HandlersOf<'exports'>, 'exports.sheet' | 'exports.animation'> {
  const { runs, tasks } = deps;
  const entryOf = (layout: Layout, what: string) => {
    const names = [...new Set(layout.runIds.map((id) => runs.get(id).name))];
    return {
      title: `${names.slice(0, 3).join(', ')}, ${what}`,
      runId: layout.runIds.length === 1 ? layout.runIds[0]! : null,
      epoch: layout.epochs.length === 1 ? layout.epochs[0]! : null,
    };
  };
  return {
    'exports.sheet': async ({ layout, output }) => {
      const laidOut = await inputOf(layout, deps);
      const sheet = layOutSheet(laidOut);
      return tasks.start({
        entry: { kind: 'sheet', ...entryOf(layout, 'comparison') },
        wanted: output,
        extension: '.png',
        work: (place) =>
          writtenTo(place, () => writeSheet(place, sheet, { text: { Screenfold: layoutOrigin(laidOut) } })),
      });
    },
    'exports.animation': async ({ layout, format, secondsPerFrame, output }) => {
      const laidOut = await inputOf(layout, deps);
      const { columnCount, ...animation } = layOutAnimation(laidOut);
      return tasks.start({
        entry: { kind: 'animation', ...entryOf(layout, 'development') },
        wanted: output,
        extension: `.${format}`,
        work: (place) =>
          writtenTo(place, () =>
            writeAnimation(place, animation, {
              secondsPerFrame,
              description: layoutOrigin(laidOut),
              ...(columnCount === null ? {} : { columns: columnCount }),
            }),
          ),
      });
    },
  };
}

/** Has a file written into a folder that may not be there yet. Resolves to its bytes. */
async function writtenTo(place: string, write: () => Promise<unknown>): Promise<number> {
  await mkdir(dirname(place), { recursive: true });
  await write();
  return (await stat(place)).size;
}

/** A layout with the runs and the pictures it is of. */
async function inputOf(layout: Layout, { runs, read, samples }: ComparisonExportDeps): Promise<LayoutInput> {
  const laidOut = [];
  const files = new Map<string, string>();
  for (const id of layout.runIds) {
    const record = runs.get(id);
    laidOut.push({
      record,
      run: await read(record),
      losses: await readEpochLosses(record.folder),
    });
    for (const sample of samples.ofRun(id))
      if (sample.status === 'ready') files.set(pictureKey(sample), sample.file);
  }
  return {
    layout,
    runs: laidOut,
    fileOf: ({ prompt, ...point }) => files.get(pictureKey({ ...prompt, ...point })) ?? null,
  };
}

function pictureKey(of: {
  readonly runId: number | null;
  readonly epoch: number | null;
  readonly prompt: string;
  readonly negativePrompt: string;
  readonly seed: number;
}): string {
  return JSON.stringify([of.runId, of.epoch, of.prompt, of.negativePrompt, of.seed]);
}
