import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';

import { Failure } from '../../native/failure.ts';
import { checkImage, type ImageSize, readImageSize } from '../../native/images/decode.ts';
import type { DatasetImage, DatasetProblem } from './dataset-image.ts';
import { compileFileNamePattern } from './files/file-name-pattern.ts';
import { readFolderContents } from './files/folder-contents.ts';
import { scanFolder } from './files/folder-scan.ts';
import type { LeftOut } from './files/left-out.ts';

export interface Dataset {
  readonly folder: string;
  readonly images: readonly DatasetImage[];
  /** Images that are left out, and captions or metadata that could not be read. */
  readonly problems: readonly DatasetProblem[];
  /** Every file that is neither an image nor says anything of one, by kind. */
  readonly leftOut: readonly LeftOut[];
  /** How many files that is. */
  readonly ignored: number;
}

export interface DatasetOptions {
  /**
   * Decode every image whole, so that a truncated one is known now and not in the middle of a run; default true.
   * False reads headers only, for a first look at a large folder.
   */
  readonly verify?: boolean;
  /** Such as `{name}_{type}`, see `compileFileNamePattern`. */
  readonly fileNamePattern?: string;
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * Reads a folder of images with whatever captions and metadata came with them: caption files, Hugging Face image
 * folders, kohya's folders and metadata, Danbooru's JSONL. Broken files are listed as problems and left out.
 * @throws Failure `dataset-missing`, `dataset-empty`, `file-name-pattern`
 */
export async function readDataset(folder: string, options: DatasetOptions = {}): Promise<Dataset> {
  const pattern =
    options.fileNamePattern === undefined ? null : compileFileNamePattern(options.fileNamePattern);
  const root = resolve(folder);
  const { files, leftOut: unreachable } = await scanFolder(root);
  const contents = await readFolderContents(root, files, pattern);
  const found = contents.images;
  const leftOut = [...unreachable, ...contents.leftOut];
  if (found.length === 0) throw nothingThere(folder, files.length, leftOut);
  const problems: DatasetProblem[] = [...contents.problems];

  let done = 0;
  const sizes = await mapConcurrently(found, async ({ id, path }): Promise<ImageSize | null> => {
    try {
      return await (options.verify === false ? readImageSize(path) : checkImage(path));
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      problems.push({ file: id, failure: error });
      return null;
    } finally {
      options.onProgress?.(++done, found.length);
    }
  });

  const images = found.flatMap(({ id, path }, index): DatasetImage[] => {
    const size = sizes[index];
    if (size === null || size === undefined) return [];
    return [{ id, path, ...size, ...contents.describe(id) }];
  });
  if (images.length === 0) throw allBroken(folder, problems);
  problems.sort((a, b) => (a.file < b.file ? -1 : 1));
  return { folder: root, images, problems, leftOut, ignored: contents.ignored };
}

async function mapConcurrently<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results = new Array<R>(items.length);
  let next = 0;
  const worker = async () => {
    for (let index = next++; index < items.length; index = next++) {
      results[index] = await work(items[index]!);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  return results;
}

export function nothingThere(folder: string, files: number, leftOut: readonly LeftOut[]): Failure {
  const holds = `holds ${files === 1 ? '1 file' : `${files} files`}, and none is an image`;
  const unexpected = leftOut.filter(({ expected }) => !expected);
  const told = (unexpected.length > 0 ? unexpected : leftOut).slice(0, 3).map(({ failure }) => failure);
  const why = told.map(({ message }) => `. ${message.replace(/\.$/, '')}`).join('');
  return new Failure(
    'dataset-empty',
    `${folder} ${files === 0 ? 'is empty' : holds}${why}`,
    unexpected.length > 0
      ? [...new Set(told.map(({ hint }) => hint))].join(' ')
      : 'Choose a folder with png, jpg, webp, bmp, gif, avif or tiff images in it or in its subfolders.',
  );
}

function allBroken(folder: string, problems: readonly DatasetProblem[]): Failure {
  const broken = problems.filter(({ failure }) => failure.code === 'image-unreadable');
  const first = broken[0]?.failure.message ?? '';
  const hints = new Set(broken.map(({ failure }) => failure.hint));
  return new Failure(
    'dataset-empty',
    broken.length === 1
      ? first
      : `None of the ${broken.length} images in ${folder} can be read; the first: ${first}`,
    hints.size === 1
      ? [...hints][0]!
      : 'Each image says what it lacks: import the folder in the window, and look under Problems.',
    broken[0]?.failure,
  );
}
