import { readFile } from 'node:fs/promises';

import { endingOf } from '../../native/facts/model-formats.ts';
import { Failure } from '../../native/failure.ts';
import { exists } from '../../native/files/exists.ts';
import type { HandlersOf } from '../contract/api.ts';
import type { Export } from '../contract/exports.ts';
import { createSampleRecords } from '../gallery/sample-records.ts';
import type { DomainContext } from '../library/library.ts';
import type { SettingsStore } from '../library/settings.ts';
import { createRunReader } from '../runs/run-reader.ts';
import { createRunRecords } from '../runs/run-records.ts';
import { comparisonExports } from './comparison-exports.ts';
import { createExportRecords } from './export-records.ts';
import { cardOf, exportRun } from './export-run.ts';
import { createExportTasks } from './export-tasks.ts';
import { type MergeDeps, mergedModel } from './merged-model.ts';
import { placeWhole } from './place-export.ts';
import { runFacts } from './run-facts.ts';

export interface ExportsDeps extends MergeDeps {
  readonly settings: Pick<SettingsStore, 'get'>;
  /** For provenance: `Screenfold 0.1.0`. */
  readonly software: string;
}

export interface Exports {
  readonly handlers: HandlersOf<'exports'>;
  /** A sheet or animation that is there; throws Failure `export-missing`. */
  readonly exportFile: (exportId: number) => string;
  readonly close: () => Promise<void>;
}

export function createExports(context: DomainContext, deps: ExportsDeps): Exports {
  const { library, publish, now } = context;
  const { database } = library;
  const records = createExportRecords(database);
  const runs = createRunRecords(database);
  const read = createRunReader(database);
  const tasks = createExportTasks(context, records);

  const handlers: HandlersOf<'exports'> = {
    ...comparisonExports({ runs, read, samples: createSampleRecords(database), tasks }),
    'exports.list': () =>
      Promise.all(
        records
          .all()
          .map(async (entry) =>
            entry.status === 'ready' && !(await exists(entry.path)) ? { ...entry, missing: true } : entry,
          ),
      ),
    'exports.model': async ({ runId, epoch, format, loraNames, precision, output }) => {
      const record = runs.get(runId);
      const { name } = record;
      if (format === 'lora' && record.method !== 'lora') {
        throw new Failure(
          'not-a-lora',
          `${name} did not train a LoRA, so there is none to export.`,
          'Export a model folder, or train with the method LoRA.',
        );
      }
      const run = await read(record);
      const exportTo = (place: string, kill: AbortSignal) =>
        exportRun(
          { ...run, spec: { ...run.spec, name } },
          {
            ...{ epoch, format, precision },
            ...(loraNames !== undefined && { loraNames }),
            output: place,
            software: deps.software,
            date: new Date(now()),
            facts: runFacts(database, runId, epoch, deps.settings.get()),
          },
          deps.engine,
          { kill },
        );
      return tasks.start({
        entry: { kind: format, title: `${name}, epoch ${epoch}`, runId, epoch },
        wanted: output,
        extension: endingOf(format),
        work: async (place, kill) => (await placeWhole(place, (inside) => exportTo(inside, kill))).bytes,
      });
    },
    'exports.merged': async (request) => tasks.start(await mergedModel(request, deps)),
    'exports.card': async ({ exportId }) => {
      const file = cardFile(records.get(exportId));
      return file === null ? null : await readFile(file, 'utf8').catch(() => null);
    },
    'exports.remove': ({ exportId }) => {
      const { id, status } = records.get(exportId);
      if (status === 'running') {
        throw new Failure('export-running', 'This export has not finished yet.', 'Wait until it has.');
      }
      records.remove(id);
      publish('changed', { subjects: ['exports'] });
      return null;
    },
  };

  return {
    handlers,
    exportFile: (exportId) => {
      const { kind, status, path: file } = records.get(exportId);
      if (status === 'ready' && (kind === 'sheet' || kind === 'animation')) return file;
      throw new Failure('export-missing', 'This export has no picture to show.', 'Export it again.');
    },
    close: tasks.close,
  };
}

/** Where the model card of an export lies; null for pictures, which have none. */
function cardFile({ kind, path: place }: Export): string | null {
  return kind === 'sheet' || kind === 'animation' ? null : cardOf(kind, place);
}
