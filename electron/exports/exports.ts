import { mkdir, readFile, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

import { Failure } from '../../native/failure.ts';
import { asFailure } from '../../native/files/as-failure.ts';
import type { HandlersOf, ParsedInputOf } from '../contract/api.ts';
import type { Export } from '../contract/exports.ts';
import { failureData } from '../contract/failure-data.ts';
import type { Engine } from '../engine/engine.ts';
import { layOutAnimation, type LayoutInput, layoutRecipe, layOutSheet } from '../gallery/lay-out.ts';
import { createSampleRecords } from '../gallery/sample-records.ts';
import { fileNameOf } from '../library/file-name.ts';
import type { DomainContext } from '../library/library.ts';
import type { SettingsStore } from '../library/settings.ts';
import { readEpochLosses } from '../runs/run-folder.ts';
import { createRunReader } from '../runs/run-reader.ts';
import { createRunRecords } from '../runs/run-records.ts';
import { writeAnimation } from '../sheets/animation.ts';
import { writeSheet } from '../sheets/sheet.ts';
import { createExportRecords } from './export-records.ts';
import { exportRun } from './export-run.ts';
import { endOfInterrupted } from './interrupted-export.ts';
import { freePath, placeWhole, refuseTaken } from './place-export.ts';
import { runFacts } from './run-facts.ts';

export interface ExportsDeps {
  readonly engine: Engine;
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

type Layout = ParsedInputOf<'exports.sheet'>['layout'];
/** Makes what is exported at its place. Resolves to its size in bytes. */
type Work = (output: string, stop: AbortSignal) => Promise<number>;

export function createExports(context: DomainContext, deps: ExportsDeps): Exports {
  const { library, publish, now, log } = context;
  const { database, paths } = library;
  const records = createExportRecords(database);
  const runs = createRunRecords(database);
  const read = createRunReader(database);
  const samples = createSampleRecords(database);
  const working = new Set<Promise<void>>();
  const stop = new AbortController();
  /** Names given and not yet taken by a file. */
  const given = new Set<string>();

  const tell = (id: number) => {
    const entry = records.find(id);
    if (entry !== null) publish('exports.changed', entry);
    publish('changed', { subjects: ['exports'] });
  };
  const noteUnwritten = (error: unknown) => {
    if (error !== null) log.error('how an export ended could not be written down yet', error);
  };
  for (const { id, path } of records.running()) noteUnwritten(records.end(id, endOfInterrupted(path)));

  const start = async (
    entry: Pick<Export, 'kind' | 'title' | 'runId' | 'epoch'>,
    wanted: string | null,
    extension: string,
    work: Work,
  ): Promise<{ exportId: number }> => {
    const output =
      wanted === null
        ? await ownPlace(nameOf(entry.title), extension)
        : withExtension(resolve(wanted), extension);
    await refuseTaken(output);
    // Nothing is given for an export that there is no room to note.
    const id = records.insert({ ...entry, path: output, createdAt: now() });
    given.add(output);
    tell(id);
    const task = work(output, stop.signal)
      .then(
        (bytes) => {
          noteUnwritten(records.end(id, { bytes }));
        },
        (error: unknown) => {
          log.warn('an export failed', error);
          noteUnwritten(records.end(id, { failure: failureData(asFailure(error, 'export-failed')) }));
        },
      )
      .finally(() => {
        given.delete(output);
        working.delete(task);
        tell(id);
      });
    working.add(task);
    return { exportId: id };
  };
  const ownPlace = async (name: string, extension: string): Promise<string> => {
    for (let count = 1; ; count++) {
      const free = await freePath(paths.exports, count === 1 ? name : `${name} ${count}`, extension);
      if (!given.has(free)) return free;
    }
  };

  const input = async (layout: Layout): Promise<LayoutInput> => {
    const laidOut = [];
    const files = new Map<string, string>();
    const key = (of: {
      runId: number | null;
      epoch: number | null;
      prompt: string;
      negativePrompt: string;
      seed: number;
    }) => JSON.stringify([of.runId, of.epoch, of.prompt, of.negativePrompt, of.seed]);
    for (const id of layout.runIds) {
      const record = runs.get(id);
      laidOut.push({
        record,
        run: await read(record),
        losses: await readEpochLosses(record.folder),
      });
      for (const sample of samples.ofRun(id))
        if (sample.status === 'ready') files.set(key(sample), sample.file);
    }
    return {
      layout,
      runs: laidOut,
      fileOf: ({ prompt, ...point }) => files.get(key({ ...prompt, ...point })) ?? null,
    };
  };
  const titleOf = (layout: Layout, what: string) => {
    const names = [...new Set(layout.runIds.map((id) => runs.get(id).name))];
    return `${names.slice(0, 3).join(', ')}, ${what}`;
  };
  const ofLayout = (layout: Layout) => ({
    runId: layout.runIds.length === 1 ? layout.runIds[0]! : null,
    epoch: layout.epochs.length === 1 ? layout.epochs[0]! : null,
  });

  const handlers: HandlersOf<'exports'> = {
    'exports.list': () => [...records.all()],
    'exports.model': async ({ runId, epoch, format, precision, output }) => {
      const record = runs.get(runId);
      const { name } = record;
      if (format === 'lora' && record.method !== 'lora') {
        throw new Failure(
          'not-a-lora',
          `${name} trained whole weights, so there is no LoRA in it.`,
          'Export it as a model folder, or train with the method LoRA.',
        );
      }
      const run = await read(record);
      return start(
        { kind: format, title: `${name}, epoch ${epoch}`, runId, epoch },
        output,
        format === 'lora' ? '.safetensors' : '',
        (place, kill) =>
          placeWhole(place, async (inside) => {
            const exported = await exportRun(
              { ...run, spec: { ...run.spec, name } },
              {
                epoch,
                format,
                output: inside,
                precision,
                software: deps.software,
                date: new Date(now()),
                facts: runFacts(database, runId, epoch, deps.settings.get()),
              },
              deps.engine,
              { kill },
            );
            return exported.bytes;
          }),
      );
    },
    'exports.sheet': async ({ layout, output }) => {
      const laidOut = await input(layout);
      const sheet = layOutSheet(laidOut);
      return start(
        { kind: 'sheet', title: titleOf(layout, 'comparison'), ...ofLayout(layout) },
        output,
        '.png',
        async (place) => {
          await mkdir(dirname(place), { recursive: true });
          await writeSheet(place, sheet, { text: { Screenfold: layoutRecipe(laidOut) } });
          return (await stat(place)).size;
        },
      );
    },
    'exports.animation': async ({ layout, format, secondsPerFrame, output }) => {
      const laidOut = await input(layout);
      const { columnCount, ...animation } = layOutAnimation(laidOut);
      return start(
        { kind: 'animation', title: titleOf(layout, 'development'), ...ofLayout(layout) },
        output,
        `.${format}`,
        async (place) => {
          await mkdir(dirname(place), { recursive: true });
          await writeAnimation(place, animation, {
            secondsPerFrame,
            description: layoutRecipe(laidOut),
            ...(columnCount === null ? {} : { columns: columnCount }),
          });
          return (await stat(place)).size;
        },
      );
    },
    'exports.card': async ({ exportId }) => {
      const file = cardFile(records.get(exportId));
      return file === null ? null : await readFile(file, 'utf8').catch(() => null);
    },
    'exports.remove': ({ exportId }) => {
      const { id, status } = records.get(exportId);
      if (status === 'running') {
        throw new Failure('export-running', 'This export has not ended yet.', 'Wait for its end.');
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
      throw new Failure('export-missing', 'This export is no picture that is there.', 'Export it again.');
    },
    close: async () => {
      stop.abort();
      await Promise.allSettled(working);
    },
  };
}

/** What tells one export of a run from another comes last, and stays however long the run's name is. */
function nameOf(title: string): string {
  const end = title.lastIndexOf(', ');
  return end < 0 ? fileNameOf(title) : fileNameOf(title.slice(0, end), title.slice(end));
}

/** What a person typed may lack it, and it says what the file is. */
function withExtension(file: string, extension: string): string {
  return file.toLowerCase().endsWith(extension) ? file : `${file}${extension}`;
}

/** Where the model card of an export lies; null for pictures, which have none. */
function cardFile({ kind, path: place }: Export): string | null {
  if (kind === 'diffusers') return join(place, 'README.md');
  return kind === 'lora' ? place.replace(/\.safetensors$/, '.md') : null;
}
