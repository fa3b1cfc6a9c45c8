import { basename } from 'node:path';

import { isHevcFile } from '../../../native/images/heif.ts';
import type { CaptionCandidate, DatasetImage, DatasetProblem } from '../dataset-image.ts';
import { kohyaFolder, readSidecars } from './caption-sources.ts';
import type { FileNamePattern } from './file-name-pattern.ts';
import { assignRoles, describeOthers } from './file-roles.ts';
import type { FoundFile } from './folder-scan.ts';
import type { LeftOut } from './left-out.ts';
import { readMetadata } from './metadata.ts';
import { createRowMatcher } from './metadata-match.ts';
import type { MetadataRecord } from './metadata-rows.ts';
import { createSidecarIndex, stemOf } from './sidecar-index.ts';

/** What is known of an image without opening it. */
export type ImageFacts = Pick<DatasetImage, 'metadata' | 'candidates' | 'repeats'>;

export interface FolderContents<File extends FoundFile> {
  readonly images: readonly File[];
  /** By an image's id. */
  readonly describe: (id: string) => ImageFacts;
  /** Captions and metadata that could not be read. */
  readonly problems: readonly DatasetProblem[];
  /** Every other file, by kind. */
  readonly leftOut: readonly LeftOut[];
  /** Files that are neither images nor anything about them. */
  readonly ignored: number;
}

/**
 * Tells the images among the files and reads what the other files say of them. Every file is an image, says something of one,
 * is a problem, or is left out for a reason.
 * @param root folder that ids are relative to
 * @param signal aborted, its reason is thrown
 */
export async function readFolderContents<File extends FoundFile>(
  root: string,
  files: readonly File[],
  pattern: FileNamePattern | null,
  signal?: AbortSignal,
): Promise<FolderContents<File>> {
  const roles = await assignRoles(files, async ({ path }) => {
    signal?.throwIfAborted();
    return await isHevcFile(path);
  });
  const { images, others } = roles;
  const matchRows = createRowMatcher(root, images);
  const imagesNamedBy = createSidecarIndex(images, matchRows);
  const sidecars = await readSidecars(others, imagesNamedBy, signal);
  const metadata = await readMetadata(others, matchRows, imagesNamedBy, signal);
  const describe = (id: string): ImageFacts => {
    const row = metadata.rows.get(id);
    const sidecar = sidecars.captions.get(id);
    const kohya = kohyaFolder(root, id);
    const stem = stemOf(basename(id));
    const candidates: CaptionCandidate[] = [
      ...(sidecar === undefined ? [] : [{ source: 'sidecar' as const, texts: [sidecar] }]),
      ...(row === undefined || row.captions.length === 0
        ? []
        : [{ source: 'metadata' as const, texts: row.captions }]),
      ...(kohya === null ? [] : [{ source: 'class tokens' as const, texts: [kohya.classTokens] }]),
    ];
    const parent = id.split('/').at(-2);
    const fields: MetadataRecord = {
      file: stem,
      ...(parent === undefined ? {} : { folder: parent }),
      ...pattern?.(stem),
      ...row?.fields,
    };
    return { metadata: fields, candidates, repeats: kohya?.repeats ?? 1 };
  };
  const rest = others.filter(({ id }) => !sidecars.files.has(id) && !metadata.files.has(id));
  return {
    images,
    describe,
    problems: [...sidecars.problems, ...metadata.problems],
    leftOut: [
      ...roles.leftOut,
      ...sidecars.leftOut,
      ...metadata.leftOut,
      ...describeOthers(rest.map(({ id }) => id)),
    ],
    ignored: files.length - images.length - sidecars.used - metadata.used,
  };
}
