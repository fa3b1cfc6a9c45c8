import { lstat, readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { Failure } from '../../../native/failure.ts';
import type { CaptionSource } from '../../contract/captions.ts';
import type { LibraryDatabase } from '../../library/database.ts';
import { freeName } from '../../library/free-name.ts';
import { libraryPathsOf } from '../../library/library-paths.ts';
import { newSetTags } from '../captions/caption-set-rows.ts';
import { type DatasetDomain, unknownDataset } from '../domain.ts';
import { compileFileNamePattern } from '../files/file-name-pattern.ts';
import { addSource, type PlannedSource, planSources } from './sources.ts';

export interface ImportRequest {
  readonly paths: readonly string[];
  readonly uploadId: string | null;
  readonly name: string | null;
  readonly datasetId: number | null;
  readonly fileNamePattern: string | null;
}

/**
 * Notes what is to be read: a new data set, or more of one that is there. Reading is `Imports`' affair.
 * @throws Failure `dataset-missing`, `dataset-empty`, `dataset-unknown`, `file-name-pattern`, `upload-unknown`
 */
export async function addDataset(domain: DatasetDomain, request: ImportRequest): Promise<number> {
  const { database, library, now } = domain;
  const { name, datasetId, fileNamePattern } = request;
  if (fileNamePattern !== null) compileFileNamePattern(fileNamePattern);
  const upload = request.uploadId === null ? [] : [await uploadRoot(library.paths.uploads, request.uploadId)];
  const sources = [...upload, ...(await planSources(request.paths))];
  if (sources.length === 0) {
    throw new Failure(
      'dataset-empty',
      'There is nothing to import.',
      'Choose a folder or files, or drop them on the window.',
    );
  }
  return database.transaction(() => {
    const id =
      datasetId ??
      Number(
        database
          .prepare('INSERT INTO dataset (name, created_at) VALUES (?, ?)')
          .run(
            givenName(name) ?? freeName(datasetNames(database), nameOf(sources[0]!, upload.length > 0)),
            now(),
          ).lastInsertRowid,
      );
    if (database.prepare('SELECT 1 FROM dataset WHERE id = ?').get(id) === undefined) throw unknownDataset();
    if (fileNamePattern !== null) {
      database.prepare('UPDATE dataset SET file_name_pattern = ? WHERE id = ?').run(fileNamePattern, id);
    }
    for (const source of sources) addSource(database, id, source);
    return id;
  })();
}

/**
 * Adds the data set that comes with Screenfold, once: whoever removes it does not get it again. Where Screenfold itself
 * has moved, so has the sample.
 * @returns its id; null where it was removed
 */
export function addSampleDataset(
  { database, now }: DatasetDomain,
  folder: string,
  name: string,
  captions: CaptionSource,
): { readonly datasetId: number; readonly added: boolean } | null {
  return database.transaction(() => {
    const known = database.prepare<[], number>('SELECT id FROM dataset WHERE sample = 1').pluck().get();
    if (known !== undefined) {
      database
        .prepare('UPDATE dataset_source SET root = ? WHERE dataset_id = ? AND prefix = ?')
        .run(libraryPathsOf(database).stored(folder), known, '');
      return { datasetId: known, added: false };
    }
    const { changes } = database
      .prepare("INSERT INTO setting (key, value) VALUES ('sample-added', 'true') ON CONFLICT DO NOTHING")
      .run();
    if (changes === 0) return null;
    const datasetId = Number(
      database.prepare('INSERT INTO dataset (name, sample, created_at) VALUES (?, 1, ?)').run(name, now())
        .lastInsertRowid,
    );
    addSource(database, datasetId, { root: folder, files: null });
    database
      .prepare('INSERT INTO caption_set (dataset_id, name, source, tags, created_at) VALUES (?, ?, ?, ?, ?)')
      .run(datasetId, 'Names', JSON.stringify(captions), newSetTags, now());
    return { datasetId, added: true };
  })();
}

/** Where a browser's upload lies; where it was one dropped folder, that folder. */
async function uploadRoot(uploads: string, uploadId: string): Promise<PlannedSource> {
  const folder = await uploadFolder(uploads, uploadId);
  const entries = await readdir(folder, { withFileTypes: true });
  const [only] = entries;
  const root = entries.length === 1 && only!.isDirectory() ? join(folder, only!.name) : folder;
  return { root, files: null };
}

/** @throws Failure `upload-unknown` */
export async function uploadFolder(uploads: string, uploadId: string): Promise<string> {
  const unknown = (cause?: unknown) =>
    new Failure('upload-unknown', 'There is no such upload.', 'Drop the files on the window again.', cause);
  if (!/^[\w-]{1,100}$/.test(uploadId)) throw unknown();
  const folder = join(uploads, uploadId);
  try {
    // A link would have the library read what nobody sent.
    if (!(await lstat(folder)).isDirectory()) throw unknown();
    return folder;
  } catch (cause) {
    throw unknown(cause);
  }
}

function givenName(name: string | null): string | null {
  const given = name?.trim() ?? '';
  return given === '' ? null : given;
}

/** What folders of images are called within the folder that says what they are of. */
const general = new Set([
  'images',
  'image',
  'imgs',
  'img',
  'pictures',
  'photos',
  'data',
  'dataset',
  'train',
  'training',
]);

function nameOf({ root }: PlannedSource, uploaded: boolean): string {
  const name = basename(root).normalize('NFC');
  const above = basename(dirname(root)).normalize('NFC');
  if (general.has(name.toLowerCase()) && above !== '' && !isUpload(above)) return above;
  return name === '' || (uploaded && isUpload(name)) ? 'Images' : name;
}

const isUpload = (name: string) => /^[\da-f-]{16,}$/i.test(name);

function datasetNames(database: LibraryDatabase): ReadonlySet<string> {
  return new Set(database.prepare<[], string>('SELECT name FROM dataset').pluck().all());
}
