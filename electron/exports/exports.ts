import { readFile } from 'node:fs/promises';

import { endingOf, mayFitInFile, type ModelFormat } from '../../native/facts/model-formats.ts';
import { Failure } from '../../native/failure.ts';
import { readFacts } from '../../native/families/read-facts.ts';
import { exists } from '../../native/files/exists.ts';
import type { HandlersOf, ParsedInputOf } from '../contract/api.ts';
import type { Export } from '../contract/exports.ts';
import type { Device } from '../engine/device.ts';
import type { Engine } from '../engine/engine.ts';
import { createSampleRecords, type SampleRecords } from '../gallery/sample-records.ts';
import { cardOf, pictureOf } from '../library/export-places.ts';
import type { DomainContext } from '../library/library.ts';
import type { SettingsStore } from '../library/settings.ts';
import { createRunReader } from '../runs/run-reader.ts';
import { createRunRecords } from '../runs/run-records.ts';
import { comparisonExports } from './comparison-exports.ts';
import { createExportRecords } from './export-records.ts';
import { exportRun } from './export-run.ts';
import { createExportTasks } from './export-tasks.ts';
import { type MergeDeps, mergedModel } from './merged-model.ts';
import { runFacts } from './run-facts.ts';
import { checkFormat } from './run-format.ts';

export interface ExportsDeps extends MergeDeps {
  readonly settings: Pick<SettingsStore, 'get'>;
  /** For provenance: `Screenfold 0.1.0`. */
  readonly software: string;
  /** Where exports are proven, by pictures. */
  readonly device: Pick<Device, 'borrow'>;
}

export interface Exports {
  readonly handlers: HandlersOf<'exports'>;
  /** Path of what was exported; throws Failure `export-missing`. */
  readonly exportFile: (exportId: number) => string;
  /** Path of the picture that proves an exported model; throws Failure `export-missing`. */
  readonly proofFile: (exportId: number) => string;
  readonly close: () => Promise<void>;
}

export function createExports(context: DomainContext, deps: ExportsDeps): Exports {
  const { library, publish, now } = context;
  const { database } = library;
  const records = createExportRecords(database);
  const runs = createRunRecords(database);
  const read = createRunReader(database);
  const tasks = createExportTasks(context, records);
  const engine = inTurn(deps);
  const samples = createSampleRecords(database);
  const baseOf = async (of: ParsedInputOf<'exports.unfit'>) =>
    'runId' in of ? (await read(runs.get(of.runId))).job.base : deps.model(of.modelId).folder;
  const handlers: HandlersOf<'exports'> = {
    ...comparisonExports({ runs, read, samples, tasks }),
    'exports.list': () =>
      Promise.all(
        records.all().map(async (entry) => {
          const { kind, path, status } = entry;
          if (status !== 'ready') return entry;
          if (!(await exists(path))) return { ...entry, missing: true };
          const isModel = kind !== 'sheet' && kind !== 'animation';
          return isModel && (await exists(pictureOf(kind, path))) ? { ...entry, proven: true } : entry;
        }),
      ),
    'exports.unfit': async (of) => unfitFormats(await baseOf(of)),
    'exports.model': async (asked) => {
      const { runId, epoch, format, loraNames, embeddingNames, precision, output, folder } = asked;
      const record = runs.get(runId);
      const { name } = record;
      checkFormat(format, record.method, name);
      const run = await read(record);
      const exportTo = (place: string, kill: AbortSignal) =>
        exportRun(
          { ...run, spec: { ...run.spec, name } },
          {
            ...{ epoch, format, precision },
            ...(loraNames !== undefined && { loraNames }),
            ...(embeddingNames !== undefined && { embeddingNames }),
            output: place,
            proof: { device: run.job.device },
            picture: pictureOfEpoch(samples, runId, epoch),
            software: deps.software,
            date: new Date(now()),
            facts: runFacts(database, runId, epoch, deps.settings.get()),
          },
          engine,
          { kill },
        );
      return tasks.start({
        entry: { kind: format, title: `${name}, epoch ${epoch}`, runId, epoch },
        wanted: output,
        ...(folder !== undefined && { folder }),
        // A1111 calls a word what its file is called.
        ...(run.job.method.kind === 'embedding' && { fileName: run.job.method.word }),
        extension: endingOf(format),
        work: async (place, kill) => (await exportTo(place, kill)).bytes,
      });
    },
    'exports.merged': async (request) => {
      const made = { engine, software: deps.software, date: new Date(now()) };
      return tasks.start(await mergedModel(request, deps, made));
    },
    'exports.card': async ({ exportId }) => {
      const file = cardFile(records.get(exportId));
      return file === null ? null : await readFile(file, 'utf8').catch(() => null);
    },
    'exports.stop': ({ exportId }) => {
      tasks.stop(records.get(exportId).id);
      return null;
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
      const { status, path: file } = records.get(exportId);
      if (status === 'ready') return file;
      throw new Failure('export-missing', 'This export is not there.', 'Export it again.');
    },
    proofFile: (exportId) => {
      const { kind, status, path: file } = records.get(exportId);
      if (status === 'ready' && kind !== 'sheet' && kind !== 'animation') return pictureOf(kind, file);
      throw new Failure('export-missing', 'This export has no picture to show.', 'Export it again.');
    },
    close: tasks.close,
  };
}

/** What the model in this place cannot be written as; one that cannot be read says so when it is exported. */
async function unfitFormats(base: string): Promise<ModelFormat[]> {
  const facts = await readFacts(base).catch(() => null);
  return facts === null || mayFitInFile(facts) ? [] : ['single-file'];
}

/** Where the model card of an export lies; null for pictures, which have none. */
function cardFile({ kind, path: place }: Export): string | null {
  return kind === 'sheet' || kind === 'animation' ? null : cardOf(kind, place);
}

/** The first picture that an epoch made for its comparison. */
function pictureOfEpoch(samples: Pick<SampleRecords, 'ofRun'>, runId: number, epoch: number): string | null {
  const made = samples.ofRun(runId).find((sample) => sample.epoch === epoch && sample.status === 'ready');
  return made?.file ?? null;
}

/** An export draws pictures, and takes its turn as those of comparisons do. */
function inTurn({ settings, device }: Pick<ExportsDeps, 'settings' | 'device'>): Engine {
  return {
    run: (job, options) => {
      const place = settings.get().samplesWhileTraining === 'beside' ? 'beside' : 'in-pauses';
      return device.borrow(place, (borrowed) => borrowed.run(job, options));
    },
  };
}
