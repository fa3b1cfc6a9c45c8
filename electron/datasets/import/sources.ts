import { stat } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';

import { Failure, messageOf } from '../../../native/failure.ts';
import { obstacleOf, systemCode } from '../../../native/files/obstacle.ts';
import { isImageName } from '../../contract/file-kinds.ts';
import { withoutImages } from '../../contract/without-images.ts';
import type { LibraryDatabase } from '../../library/database.ts';
import { libraryPathsOf } from '../../library/library-paths.ts';
import { captionFilesBeside } from '../files/caption-sources.ts';
import { type FolderScan, scanFiles, scanFolder } from '../files/folder-scan.ts';

/** Where a data set's images come from: a folder with all in it, or some files of a folder. */
export interface PlannedSource {
  /** Absolute. */
  readonly root: string;
  /** File names; null: the whole folder. */
  readonly files: readonly string[] | null;
}

export interface Source extends PlannedSource {
  readonly id: number;
  /** In front of the names of its files within the data set; empty for a data set's first source. */
  readonly prefix: string;
  readonly pending: boolean;
}

/**
 * What dropped paths come to: each folder by itself, files together with those of the same folder.
 * @throws Failure `dataset-missing`: a path that is not there; `dataset-empty`: only files, and none is an image
 */
export async function planSources(paths: readonly string[]): Promise<readonly PlannedSource[]> {
  const folders: PlannedSource[] = [];
  const files = new Map<string, string[]>();
  for (const path of new Set(paths.map((path) => resolve(path)))) {
    const info = await stat(path).catch((cause: unknown) => {
      throw unreachable(path, cause);
    });
    if (info.isDirectory()) folders.push({ root: path, files: null });
    else files.set(dirname(path), [...(files.get(dirname(path)) ?? []), basename(path)]);
  }
  const names = [...files.values()].flat();
  if (folders.length === 0 && names.length > 0 && !names.some(isImageName)) {
    const { message, hint } = withoutImages(names.map((name) => ({ name, below: null })));
    throw new Failure('dataset-empty', message, hint);
  }
  return [...folders, ...[...files].map(([root, list]) => ({ root, files: list }))];
}

function unreachable(path: string, cause: unknown): Failure {
  const { reason, hint } = obstacleOf(cause) ?? {
    reason: messageOf(cause),
    hint: 'Check that its drive is in order, and try again.',
  };
  const gone = systemCode(cause) === 'ENOENT';
  return new Failure(
    'dataset-missing',
    gone ? `There is no ${path}.` : `${path} cannot be read: ${reason}.`,
    hint,
    cause,
  );
}

/**
 * Everything a source has now, by ids relative to its root. Beside single files, the caption files named like them count.
 * @throws Failure `dataset-missing`
 */
export async function scanSource({ root, files }: PlannedSource, signal?: AbortSignal): Promise<FolderScan> {
  if (files === null) return await scanFolder(root, undefined, signal);
  return await scanFiles(root, await captionFilesBeside(root, files));
}

export function readSources(database: LibraryDatabase, datasetId: number): readonly Source[] {
  const { absolute } = libraryPathsOf(database);
  const rows = database
    .prepare<[number], { id: number; root: string; prefix: string; files: string | null; pending: number }>(
      'SELECT id, root, prefix, files, pending FROM dataset_source WHERE dataset_id = ? ORDER BY id',
    )
    .all(datasetId);
  return rows.map(({ id, root, prefix, files, pending }) => ({
    id,
    root: absolute(root),
    prefix,
    files: files === null ? null : (JSON.parse(files) as readonly string[]),
    pending: pending === 1,
  }));
}

/** Adds a source to be read, or, where the data set has it already, has it read again. Call within a transaction. */
export function addSource(database: LibraryDatabase, datasetId: number, planned: PlannedSource): void {
  const sources = readSources(database, datasetId);
  const known = sources.find(
    ({ root, files }) => root === planned.root && (files === null) === (planned.files === null),
  );
  if (known !== undefined) {
    const files = planned.files === null ? null : [...new Set([...(known.files ?? []), ...planned.files])];
    database
      .prepare('UPDATE dataset_source SET pending = 1, files = ? WHERE id = ?')
      .run(files === null ? null : JSON.stringify(files), known.id);
    return;
  }
  database
    .prepare('INSERT INTO dataset_source (dataset_id, root, prefix, files) VALUES (?, ?, ?, ?)')
    .run(
      datasetId,
      libraryPathsOf(database).stored(planned.root),
      sources.length === 0 ? '' : freePrefix(database, datasetId, planned.root),
      planned.files === null ? null : JSON.stringify(planned.files),
    );
}

function freePrefix(database: LibraryDatabase, datasetId: number, root: string): string {
  const taken = database.prepare<[number, string, number, string, string]>(
    `SELECT 1 FROM dataset_source WHERE dataset_id = ? AND prefix = ?
     UNION ALL SELECT 1 FROM image WHERE dataset_id = ? AND file >= ? AND file < ? LIMIT 1`,
  );
  const name = basename(root).normalize('NFC') || 'more';
  for (let count = 1; ; count++) {
    const prefix = count === 1 ? `${name}/` : `${name} ${count}/`;
    if (taken.get(datasetId, prefix, datasetId, prefix, `${prefix}\u{10ffff}`) === undefined) return prefix;
  }
}
