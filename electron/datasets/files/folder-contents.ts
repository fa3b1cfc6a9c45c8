import { basename } from 'node:path';

import type { CaptionCandidate, DatasetImage, DatasetProblem } from '../dataset-image.ts';
import { kohyaFolder, readMetadata, readSidecars, stemOf } from './caption-sources.ts';
import type { FileNamePattern } from './file-name-pattern.ts';
import type { FoundFile } from './folder-scan.ts';
import type { MetadataRecord } from './metadata-file.ts';

const imageName = /\.(?:png|jpe?g|jfif|webp|bmp|gif|avif|tiff?)$/i;

/** What is known of an image without opening it. */
export type ImageFacts = Pick<DatasetImage, 'metadata' | 'candidates' | 'repeats'>;

export interface FolderContents<File extends FoundFile> {
  readonly images: readonly File[];
  /** By an image's id. */
  readonly describe: (id: string) => ImageFacts;
  /** Captions and metadata that could not be read. */
  readonly problems: readonly DatasetProblem[];
  /** Files that are neither images nor anything about them. */
  readonly ignored: number;
}

/** Whether a file of this name is taken for an image. */
export function isImageName(name: string): boolean {
  return imageName.test(name);
}

/**
 * Tells the images among the files and reads what the other files say of them.
 * @param root folder that ids are relative to
 */
export async function readFolderContents<File extends FoundFile>(
  root: string,
  files: readonly File[],
  pattern: FileNamePattern | null,
): Promise<FolderContents<File>> {
  const images = files.filter(({ id }) => isImageName(id));
  const sidecars = await readSidecars(images, files);
  const metadata = await readMetadata(root, images, files);
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
  return {
    images,
    describe,
    problems: [...sidecars.problems, ...metadata.problems],
    ignored: files.length - images.length - sidecars.files - metadata.files,
  };
}
