import { readdir } from 'node:fs/promises';
import { basename } from 'node:path';

import { Failure } from '../../../native/failure.ts';
import type { DatasetProblem } from '../dataset-image.ts';
import type { FoundFile } from './folder-scan.ts';
import { mayBeMetadata, type MetadataRow, readMetadataFile } from './metadata-file.ts';
import { matchRows } from './metadata-match.ts';
import { readTextFile } from './text-file.ts';

const captionName = /\.(?:caption|txt)$/i;
/** Above this, `2024_summer` is a year and not a number of repeats. */
const maxRepeats = 200;

export interface Sidecars {
  /** By image id. */
  readonly captions: ReadonlyMap<string, string>;
  readonly problems: readonly DatasetProblem[];
  /** How many files were captions. */
  readonly files: number;
}

/**
 * Captions in files beside the images and named like them: `fox.caption` or, less, `fox.txt` for `fox.png`. As
 * sd-scripts does it, the first line counts. An empty file is the empty caption.
 */
export async function readSidecars(
  images: readonly FoundFile[],
  files: readonly FoundFile[],
): Promise<Sidecars> {
  const beside = new Map<string, FoundFile>();
  // Sorted by id, so `.caption` comes before `.txt`.
  for (const file of files) {
    const key = stemOf(file.id).toLowerCase();
    if (captionName.test(file.id) && !beside.has(key)) beside.set(key, file);
  }
  const captions = new Map<string, string>();
  const problems: DatasetProblem[] = [];
  const used = new Set<string>();
  for (const { id } of images) {
    const file = beside.get(stemOf(id).toLowerCase());
    if (file === undefined) continue;
    try {
      captions.set(id, (await readTextFile(file.path)).trimStart().split('\n')[0]!.trim());
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      if (!used.has(file.id)) problems.push({ file: file.id, failure: error });
    }
    used.add(file.id);
  }
  return { captions, problems, files: used.size };
}

/** The named files of a folder and, for those that are images, the caption files beside them. */
export async function captionFilesBeside(
  folder: string,
  names: readonly string[],
): Promise<readonly string[]> {
  const stems = new Set(names.map((name) => stemOf(name).toLowerCase()));
  const beside = await readdir(folder).catch(() => []);
  const captions = beside.filter((name) => captionName.test(name) && stems.has(stemOf(name).toLowerCase()));
  return [...new Set([...names, ...captions])];
}

export interface Metadata {
  /** By image id; where several files describe an image, later ones add to and override earlier ones. */
  readonly rows: ReadonlyMap<string, Pick<MetadataRow, 'fields' | 'captions'>>;
  readonly problems: readonly DatasetProblem[];
  /** How many files were metadata. */
  readonly files: number;
}

/** Every metadata file of the folder, each about the images in its own folder and below. */
export async function readMetadata(
  root: string,
  images: readonly FoundFile[],
  files: readonly FoundFile[],
): Promise<Metadata> {
  const rows = new Map<string, Pick<MetadataRow, 'fields' | 'captions'>>();
  const problems: DatasetProblem[] = [];
  let used = 0;
  for (const { id, path } of files.filter((file) => mayBeMetadata(basename(file.id)))) {
    try {
      const table = await readMetadataFile(path);
      if (table === null) continue;
      used++;
      if (table.failure !== null) problems.push({ file: id, failure: table.failure });
      const { matches, unmatched } = matchRows(root, id, table.rows, images);
      for (const [image, row] of matches) {
        const before = rows.get(image);
        rows.set(image, {
          fields: { ...before?.fields, ...row.fields },
          captions: row.captions.length > 0 ? row.captions : (before?.captions ?? []),
        });
      }
      if (unmatched.length > 0) problems.push({ file: id, failure: withoutImage(path, unmatched) });
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      used++;
      problems.push({ file: id, failure: error });
    }
  }
  return { rows, problems, files: used };
}

/** The nearest folder named `<repeats>_<class tokens>`, the data set's own included. */
export function kohyaFolder(root: string, id: string): { repeats: number; classTokens: string } | null {
  for (const name of [basename(root), ...id.split('/').slice(0, -1)].reverse()) {
    const match = /^(\d{1,3})_(.+)$/s.exec(name);
    const repeats = Number(match?.[1]);
    if (match !== null && repeats >= 1 && repeats <= maxRepeats) {
      return { repeats, classTokens: match[2]!.trim().normalize('NFC') };
    }
  }
  return null;
}

/** A path without its extension. */
export function stemOf(name: string): string {
  return name.replace(/\.[^./]+$/, '');
}

function withoutImage(path: string, keys: readonly string[]): Failure {
  const shown = keys.slice(0, 3).join(', ') + (keys.length > 3 ? ', …' : '');
  return new Failure(
    'metadata-without-image',
    `${path} describes ${keys.length} images that are not in the folder: ${shown}`,
    'Check the spelling of the file names; paths are relative to the metadata file.',
  );
}
