import { resolve } from 'node:path';

import { asFailure } from '../../native/files/as-failure.ts';
import type { Export } from '../contract/exports.ts';
import { failureData } from '../contract/failure-data.ts';
import type { FailureData } from '../contract/values.ts';
import { fileNameOf } from '../library/file-name.ts';
import type { DomainContext } from '../library/library.ts';
import type { ExportRecords } from './export-records.ts';
import { endOfInterrupted } from './interrupted-export.ts';
import { busy, freePath, refuseTaken } from './place-export.ts';

export interface NewExport {
  readonly entry: Pick<Export, 'kind' | 'title' | 'runId' | 'epoch'>;
  /** Where a person wants it; null: under the library's exports, named after its title. */
  readonly wanted: string | null;
  /** Under this folder instead of the library's exports. */
  readonly folder?: string;
  /** What a file that nobody named is called; left out: as its title. */
  readonly fileName?: string;
  /** With its dot; empty for a folder. */
  readonly extension: string;
  /** Makes it at its place. Resolves to its size in bytes. */
  readonly work: (output: string, stop: AbortSignal) => Promise<number>;
}

/** Exports under way, each going on behind the call that began it. */
export interface ExportTasks {
  /** Throws Failure `output-exists`. */
  readonly start: (task: NewExport) => Promise<{ exportId: number }>;
  /** Ends one that is under way. */
  readonly stop: (exportId: number) => void;
  /** Ends what is under way. */
  readonly close: () => Promise<void>;
}

const stopped: FailureData = {
  code: 'export-stopped',
  message: 'This export was stopped.',
  hint: 'Export it again. Nothing half-made was left behind.',
};

export function createExportTasks(
  { library, publish, now, log }: DomainContext,
  records: ExportRecords,
): ExportTasks {
  const working = new Set<Promise<void>>();
  const closing = new AbortController();
  const stops = new Map<number, AbortController>();
  /** Names given and not yet taken by a file. */
  const given = new Set<string>();

  let placed: Promise<void> = Promise.resolve();

  const tell = (id: number) => {
    const entry = records.find(id);
    if (entry !== null) publish('exports.changed', entry);
    publish('changed', { subjects: ['exports'] });
  };
  const end = (id: number, how: Parameters<ExportRecords['end']>[1]) => {
    const unwritten = records.end(id, how);
    if (unwritten !== null) log.error('how an export ended could not be written down yet', unwritten);
  };
  const ownPlace = async (folder: string, name: string, extension: string): Promise<string> => {
    for (let count = 1; ; count++) {
      const free = await freePath(folder, count === 1 ? name : `${name} ${count}`, extension);
      if (!given.has(free)) return free;
    }
  };
  for (const { id, path } of records.running()) end(id, endOfInterrupted(path));
  return {
    start: async ({ entry, wanted, folder, fileName, extension, work }) => {
      // One after the other: no two are given one place.
      const placing = placed.then(async () => {
        const output =
          wanted === null
            ? await ownPlace(
                resolve(folder ?? library.paths.exports),
                nameOf(fileName ?? entry.title),
                extension,
              )
            : withExtension(resolve(wanted), extension);
        await refuseTaken(output);
        if (given.has(output)) throw busy(output);
        // Nothing is given for an export that there is no room to note.
        const id = records.insert({ ...entry, path: output, createdAt: now() });
        given.add(output);
        return { output, id };
      });
      placed = placing.then(ignored, ignored);
      const { output, id } = await placing;
      tell(id);
      const stop = new AbortController();
      stops.set(id, stop);
      const task = work(output, AbortSignal.any([closing.signal, stop.signal]))
        .then(
          (bytes) => {
            end(id, { bytes });
          },
          (error: unknown) => {
            log.warn('an export failed', error);
            end(id, {
              failure: stop.signal.aborted ? stopped : failureData(asFailure(error, 'export-failed')),
            });
          },
        )
        .finally(() => {
          given.delete(output);
          stops.delete(id);
          working.delete(task);
          tell(id);
        });
      working.add(task);
      return { exportId: id };
    },
    stop: (id) => stops.get(id)?.abort(),
    close: async () => {
      closing.abort();
      await Promise.allSettled(working);
    },
  };
}

function ignored(): void {
  // Whoever asked is told.
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
