import { basename } from 'node:path';

import { Failure } from '../../../native/failure.ts';
import { isImageName } from '../../contract/file-kinds.ts';
import type { DatasetProblem } from '../dataset-image.ts';
import { oneLine } from './caption-text.ts';
import type { FoundFile } from './folder-scan.ts';
import { type LeftOut, leftOut, someOf } from './left-out.ts';
import { claimsMetadata, mayBeMetadata, type MetadataFile, readMetadataFile } from './metadata-file.ts';
import type { MatchRows } from './metadata-match.ts';
import { hasCaption, type MetadataRow, recordRow } from './metadata-rows.ts';
import type { ImagesNamedBy } from './sidecar-index.ts';

type ImageMetadata = Pick<MetadataRow, 'fields' | 'captions'>;

export interface Metadata {
  /** By image id; where several files describe an image, later ones add to and override earlier ones. */
  readonly rows: ReadonlyMap<string, ImageMetadata>;
  readonly problems: readonly DatasetProblem[];
  /** Metadata files that were used or are accounted for. */
  readonly files: ReadonlySet<string>;
  readonly leftOut: readonly LeftOut[];
  /** How many files were metadata. */
  readonly used: number;
}

/**
 * Every metadata file of the folder, each about the images in its own folder and below, or about the one image that it is
 * named like, which then counts most.
 */
export async function readMetadata(
  files: readonly FoundFile[],
  matchRows: MatchRows,
  imagesNamedBy: ImagesNamedBy,
  signal?: AbortSignal,
): Promise<Metadata> {
  const rows = new Map<string, ImageMetadata>();
  const beside: (readonly [image: string, row: MetadataRow])[] = [];
  const problems: DatasetProblem[] = [];
  const used = new Set<string>();
  const strangers: string[] = [];
  const add = (image: string, row: MetadataRow): void => {
    const before = rows.get(image);
    const captions = row.captions.map(oneLine).filter((caption) => caption !== '');
    rows.set(image, {
      fields: { ...before?.fields, ...row.fields },
      captions: captions.length > 0 ? captions : (before?.captions ?? []),
    });
  };
  for (const file of files.filter(({ id }) => mayBeMetadata(basename(id)))) {
    signal?.throwIfAborted();
    const { id, path } = file;
    try {
      const table = await readMetadataFile(path);
      const images = imagesNamedBy(id);
      const record = table === null ? null : recordBeside(table, images.length > 0);
      if (record !== null) {
        used.add(id);
        for (const { image } of images) beside.push([image, recordRow(image, record)]);
        continue;
      }
      const found = table === null ? null : matchRows(id.slice(0, id.lastIndexOf('/') + 1), table.rows);
      if (table === null || found === null || isStranger(table, found.matches.size, id)) {
        strangers.push(id);
        continue;
      }
      used.add(id);
      if (table.failure !== null) problems.push({ file: id, failure: table.failure });
      for (const [image, row] of found.matches) add(image, row);
      if (found.unmatched.length > 0) {
        problems.push({ file: id, failure: withoutImage(path, found.unmatched) });
      }
      if (table.record !== null) problems.push(...withoutCaption(file, [...found.matches.values()]));
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      used.add(id);
      problems.push({ file: id, failure: error });
    }
  }
  for (const [image, row] of beside) add(image, row);
  return {
    ...{ rows, problems },
    files: new Set([...used, ...strangers]),
    leftOut: aboutNoImage(strangers),
    used: used.size,
  };
}

/** The one object of a file named like an image, unless it names images itself. */
function recordBeside({ record }: MetadataFile, hasImage: boolean): MetadataFile['record'] {
  if (record === null || !hasImage) return null;
  const namesImages = Object.keys(record).some(isImageName);
  return namesImages && !hasCaption(record) ? null : record;
}

/** Whether a file seems to be about other things than images, so that it is no fault that none is in the folder. */
function isStranger(table: MetadataFile, matches: number, id: string): boolean {
  return matches === 0 && table.uncertain && !claimsMetadata(basename(id));
}

function aboutNoImage(files: readonly string[]): readonly LeftOut[] {
  return leftOut(files, {
    code: 'metadata-of-none',
    what: ['table or JSON file', 'tables or JSON files'],
    why: 'about no image of the folder',
    hint: 'To be read, a table has a column file_name, and JSON has captions by image name, or is named like its image.',
    expected: true,
  });
}

function withoutImage(path: string, keys: readonly string[]): Failure {
  const what = keys.length === 1 ? 'an image that is' : `${keys.length} images that are`;
  return new Failure(
    'metadata-without-image',
    `${path} describes ${what} not in the folder: ${keys.slice(0, 3).join(', ')}${keys.length > 3 ? ', …' : ''}`,
    'Check the spelling of the file names; paths are relative to the metadata file.',
  );
}

/** Captions by image of which some are missing. */
function withoutCaption({ id, path }: FoundFile, rows: readonly MetadataRow[]): readonly DatasetProblem[] {
  const lacking = rows.filter(({ captions }) => captions.length === 0).map(({ key }) => key);
  if (lacking.length === 0 || lacking.length === rows.length) return [];
  const failure = new Failure(
    'metadata-without-caption',
    `${path} has no caption for ${lacking.length} of its ${rows.length} images: ${someOf(lacking)}`,
    'Write a caption or tags for them, or give them captions here.',
  );
  return [{ file: id, failure }];
}
