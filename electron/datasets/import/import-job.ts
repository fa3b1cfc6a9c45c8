import { availableParallelism } from 'node:os';
import { relative } from 'node:path';

import { Failure } from '../../../native/failure.ts';
import { isDiskFull } from '../../../native/files/storage-failure.ts';
import type { ImportProgress } from '../../contract/datasets.ts';
import type { DatasetProblem } from '../dataset-image.ts';
import type { DatasetDomain } from '../domain.ts';
import { compileFileNamePattern, type FileNamePattern } from '../files/file-name-pattern.ts';
import { type ImageFacts, readFolderContents } from '../files/folder-contents.ts';
import type { ScannedFile } from '../files/folder-scan.ts';
import type { PictureFile } from '../files/picture-file.ts';
import type { PictureReader } from '../files/picture-reader.ts';
import type { Thumbnails } from '../images/thumbnails.ts';
import { createImageWriter, type ReadImage } from './image-writer.ts';
import { type Looked, nothingGiven } from './nothing-given.ts';
import { createSourceRecords, type SourceRecords } from './source-records.ts';
import { readSources, scanSource, type Source } from './sources.ts';

/** Images of one transaction: few enough to lose nothing worth mentioning, many enough that it costs nothing. */
const batchSize = 256;
const batchMilliseconds = 500;
const progressMilliseconds = 200;

/** Images worked on at a time: one for each core, and two more to be read and written while those compute. */
export const importWorkers = availableParallelism() + 2;

export interface ImportJobOptions {
  readonly domain: DatasetDomain;
  readonly thumbnails: Thumbnails;
  readonly pictures: PictureReader;
  readonly datasetId: number;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: ImportProgress) => void;
  /** Called when more of it is in the library than before. */
  readonly onFurther?: () => void;
  /** Files read at a time. */
  readonly concurrency?: number;
}

interface Task {
  readonly source: Source;
  readonly file: ScannedFile;
  readonly facts: ImageFacts;
}

/**
 * Reads a data set's pending sources into the library: new images come in, changed ones are read anew, those that are
 * not there any more are marked. Every batch is a transaction of its own; stopped or killed anywhere, it goes on where it
 * was, because files that the library knows are not read again.
 * @returns whether it came to its end
 * @throws Failure `dataset-missing`: a source is not there, and nothing was changed; `dataset-empty`: there is no image in
 * what is pending, and there was none before
 */
export async function runImport(options: ImportJobOptions): Promise<boolean> {
  const { domain, datasetId, signal } = options;
  const records = createSourceRecords(domain.database, datasetId);
  const writer = createImageWriter(domain, datasetId);
  const report = progressOf(options);
  const stopped = () => signal.aborted;
  report.publish('looking', true);

  const sources = readSources(domain.database, datasetId).filter(({ pending }) => pending);
  if (sources.length === 0) return true;
  options.pictures.prepare();
  const looked = await look(options, sources, records.begin);
  if (looked === null) return false;
  const { tasks, found } = looked;
  if (tasks.length === 0 && (records.images() === 0 || !sources.some(records.hasImages))) {
    throw nothingGiven(found);
  }
  report.total = tasks.length;
  report.publish('reading', true);

  let batch: ReadImage[] = [];
  let problems: { source: Source; problem: DatasetProblem }[] = [];
  let written = performance.now();
  let changedRows = false;
  const flush = () => {
    written = performance.now();
    if (batch.length === 0 && problems.length === 0) return;
    const images = batch;
    const found = problems;
    batch = [];
    problems = [];
    domain.database.transaction(() => {
      writer.write(images);
      for (const { source, problem } of found) records.problem(source, problem);
    })();
    options.onFurther?.();
    domain.changed(datasetId, 'datasets', 'images', 'captions');
  };

  const seen = new Map<number, Set<string>>(sources.map(({ id }) => [id, new Set()]));
  const one = async ({ source, file, facts }: Task): Promise<void> => {
    const id = source.prefix + file.id;
    seen.get(source.id)!.add(id);
    const known = writer.known(id);
    try {
      if (known !== undefined && known.source_id !== source.id) throw nameTaken(id);
      const same = known?.bytes === file.bytes && known.modified_at === file.modifiedAt;
      if (same && known.gone === 0 && sameFacts(known, facts)) return;
      const picture = same ? null : await readPicture(options, file.path);
      if (known !== undefined) changedRows = true;
      const path = relative(source.root, file.path);
      batch.push({ sourceId: source.id, file: id, path, modifiedAt: file.modifiedAt, facts, picture });
    } catch (error) {
      // A full disk is no fault of the image: the import ends here and goes on here.
      if (!(error instanceof Failure) || isDiskFull(error)) throw error;
      problems.push({ source, problem: { file: id, failure: error } });
      report.problems++;
    }
  };
  let next = 0;
  let failed = false;
  const worker = async () => {
    while (next < tasks.length && !stopped() && !failed) {
      await one(tasks[next++]!);
      report.done++;
      if (batch.length >= batchSize || performance.now() - written > batchMilliseconds) flush();
      report.publish('reading');
      if (report.done % 64 === 0) await breath();
    }
  };
  try {
    const workers = Array.from({ length: options.concurrency ?? importWorkers }, () =>
      worker().catch((error: unknown) => {
        failed = true;
        throw error;
      }),
    );
    // Nothing may be read or written any more once this has ended, however it has.
    const ends = await Promise.allSettled(workers);
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
  } finally {
    flush();
  }
  if (stopped()) return false;
  records.finish(sources, seen, changedRows);
  report.problems = records.problems();
  report.publish('finished', true);
  return true;
}

async function readPicture({ pictures, thumbnails }: ImportJobOptions, path: string): Promise<PictureFile> {
  const partial = thumbnails.partial();
  const picture = await pictures.read(path, partial);
  await thumbnails.place(partial, picture.contentHash);
  return picture;
}

/** Lists every file there is and reads captions and metadata; the pictures come later. */
async function look(
  { domain, datasetId, signal }: ImportJobOptions,
  sources: readonly Source[],
  begin: SourceRecords['begin'],
): Promise<{ readonly tasks: readonly Task[]; readonly found: readonly Looked[] } | null> {
  const pattern = patternOf(domain, datasetId);
  const tasks: Task[] = [];
  const found = [];
  try {
    for (const source of sources) {
      const { files, leftOut } = await scanSource(source, signal);
      const contents = await readFolderContents(source.root, files, pattern, signal);
      found.push({
        source,
        files,
        contents,
        unreachable: leftOut,
        leftOut: [...leftOut, ...contents.leftOut],
      });
    }
    signal.throwIfAborted();
  } catch (error) {
    if (signal.aborted) return null;
    throw error;
  }
  // Only once all of them are there: a drive that is not connected must not look like a folder without images.
  for (const { source, contents, leftOut } of found) {
    begin(source, contents.problems, leftOut);
    for (const file of contents.images) tasks.push({ source, file, facts: contents.describe(file.id) });
  }
  return { tasks, found };
}

function patternOf({ database }: DatasetDomain, datasetId: number): FileNamePattern | null {
  const pattern = database
    .prepare<[number], string | null>('SELECT file_name_pattern FROM dataset WHERE id = ?')
    .pluck()
    .get(datasetId);
  return typeof pattern === 'string' ? compileFileNamePattern(pattern) : null;
}

function sameFacts(
  known: { readonly metadata: string; readonly candidates: string; readonly repeats: number },
  facts: ImageFacts,
): boolean {
  return (
    known.repeats === facts.repeats &&
    known.metadata === JSON.stringify(facts.metadata) &&
    known.candidates === JSON.stringify(facts.candidates)
  );
}

function progressOf({ datasetId, onProgress }: ImportJobOptions) {
  const started = performance.now();
  let last = 0;
  return {
    done: 0,
    total: 0,
    problems: 0,
    publish(phase: 'looking' | 'reading' | 'finished', always = false) {
      const now = performance.now();
      if (!always && now - last < progressMilliseconds) return;
      last = now;
      const { done, total, problems } = this;
      const imagesPerSecond = done === 0 ? 0 : (1000 * done) / (now - started);
      onProgress({ datasetId, phase, done, total, problems, imagesPerSecond, failure: null });
    },
  };
}

/** Lets calls of the page be answered where a great many files need no reading. */
async function breath(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

function nameTaken(file: string): Failure {
  return new Failure(
    'name-taken',
    `Another folder of the data set already holds an image named ${file}.`,
    'Rename one of the two and read the folders again.',
  );
}
