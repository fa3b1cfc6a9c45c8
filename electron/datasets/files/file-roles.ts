import { basename } from 'node:path';

import { fileNames, isImageName } from '../../contract/file-kinds.ts';
import { countOf } from '../../contract/quantities.ts';
import type { FoundFile } from './folder-scan.ts';
import { type LeftOut, leftOut } from './left-out.ts';

/** OneTrainer's names of masks and of pictures that condition. */
const maskName = /-(?:mask|cond)label\.[^./]+$/i;

export interface FileRoles<File extends FoundFile> {
  readonly images: readonly File[];
  /** What may say something of the images. */
  readonly others: readonly File[];
  /** Masks, other pictures, regularisation images, and what a trainer left behind. */
  readonly leftOut: readonly LeftOut[];
}

/**
 * What each file of a data set is, by its name and place.
 * @param isHevc whether a HEIF file is compressed in the way that cannot be read
 */
export async function assignRoles<File extends FoundFile>(
  files: readonly File[],
  isHevc: (file: File) => Promise<boolean>,
): Promise<FileRoles<File>> {
  const projects = kohyaProjects(files.map(({ id }) => id));
  const regularisation: string[] = [];
  const byTrainer: string[] = [];
  const masks: string[] = [];
  const heic: string[] = [];
  const images: File[] = [];
  const others: File[] = [];
  for (const file of files) {
    const { id } = file;
    const project = projects.find((folder) => id.startsWith(folder));
    const part = project === undefined ? '' : (id.slice(project.length).split('/')[0] ?? '');
    if (project !== undefined && id.includes('/', project.length) && regularisationFolder.test(part)) {
      if (isImageName(id)) regularisation.push(id);
      else byTrainer.push(id);
    } else if (project !== undefined && id.includes('/', project.length) && trainerFolder.test(part)) {
      byTrainer.push(id);
    } else if (isImageName(id) && maskName.test(id)) masks.push(id);
    else if (fileNames.heif.test(id) && (await isHevc(file))) heic.push(id);
    else if (isImageName(id)) images.push(file);
    else others.push(file);
  }
  return { images, others, leftOut: [...notImages(masks, regularisation, byTrainer), ...heicImages(heic)] };
}

const regularisationFolder = /^reg(?:s|_?images|ulari[sz]ation(?:_?images)?)?$/i;
const trainerFolder = /^(?:model|log)s?$/i;
const repeatsFolder = /^\d{1,3}_./;

/**
 * Folders laid out as kohya's: `img/` (`image/` and `images/` where they hold `<repeats>_<class>` folders) beside `reg/`,
 * `model/` and `log/`, or such folders beside a `reg/` with such folders in it. With the slash at the end; the data set's own is empty. The deepest come first.
 */
function kohyaProjects(ids: readonly string[]): readonly string[] {
  const children = new Map<string, Set<string>>();
  for (const id of ids) {
    const parts = id.split('/');
    for (let depth = 0; depth < parts.length - 1; depth++) {
      const folder = parts
        .slice(0, depth)
        .map((part) => `${part}/`)
        .join('');
      children.set(folder, (children.get(folder) ?? new Set()).add(parts[depth]!));
    }
  }
  const withRepeats = (folder: string) =>
    [...(children.get(folder) ?? [])].some((name) => repeatsFolder.test(name));
  return [...children]
    .filter(
      ([folder, names]) =>
        [...names].some(
          (name) => /^img$/i.test(name) || (/^images?$/i.test(name) && withRepeats(`${folder}${name}/`)),
        ) ||
        (withRepeats(folder) &&
          [...names].some((name) => regularisationFolder.test(name) && withRepeats(`${folder}${name}/`))),
    )
    .map(([folder]) => folder)
    .sort((a, b) => b.length - a.length);
}

function notImages(
  masks: readonly string[],
  regularisation: readonly string[],
  byTrainer: readonly string[],
): readonly LeftOut[] {
  return [
    ...leftOut(masks, {
      code: 'mask',
      what: ['mask', 'masks'],
      why: 'not trained on as an image',
      hint: 'They say which parts of their images are learned, where a run asks for that: Masks, under Advanced when you train.',
      expected: true,
    }),
    ...leftOut(regularisation, {
      code: 'regularisation',
      what: ['regularisation image', 'regularisation images'],
      why: 'kept apart and not trained on',
      hint: 'To keep what a base knows of their kind, choose their folder under Class images when you train. To train on them as on the others, add their folder by itself.',
      expected: true,
    }),
    ...leftOut(byTrainer, {
      code: 'of-a-trainer',
      what: ['file', 'files'],
      why: 'left out: trainers write such files beside the images',
      hint: 'Folders named model, log and reg beside img are taken for what kohya keeps there. Rename one to have its images in.',
      expected: true,
    }),
  ];
}

function heicImages(files: readonly string[]): readonly LeftOut[] {
  return leftOut(files, {
    code: 'image-format',
    what: ['HEIC image', 'HEIC images'],
    why: 'left out, because there is no decoder for this compression (HEVC)',
    hint: 'Convert to JPEG or PNG, in a photo program or by ImageMagick (magick mogrify -format jpg *.heic), and read the folder again.',
  });
}

/** Kinds that are told apart among what is neither an image nor about one. */
const kinds: readonly {
  readonly name: RegExp;
  readonly code: string;
  readonly what: readonly [string, string];
  readonly why: string;
  readonly hint: string;
  readonly expected?: boolean;
}[] = [
  {
    name: fileNames.jpegXl,
    code: 'image-format',
    what: ['JPEG XL image', 'JPEG XL images'],
    why: 'left out, because there is no decoder for this format',
    hint: 'Convert to PNG or JPEG, with libjxl (djxl fox.jxl fox.png) or in an image editor, and read the folder again.',
  },
  {
    name: fileNames.raw,
    code: 'image-format',
    what: ['camera raw image', 'camera raw images'],
    why: 'left out, because raw images are not read',
    hint: 'Develop to PNG or JPEG, and read the folder again.',
  },
  {
    name: fileNames.otherPicture,
    code: 'image-format',
    what: ['picture in a format that is not read', 'pictures in formats that are not read'],
    why: 'left out',
    hint: 'Export as PNG or JPEG, and read the folder again.',
  },
  {
    name: fileNames.archive,
    code: 'archive',
    what: ['archive', 'archives'],
    why: 'not unpacked',
    hint: 'If there are images or captions in it, unpack it into the folder and read the folder again.',
  },
  {
    name: fileNames.table,
    code: 'table-format',
    what: ['table', 'tables'],
    why: 'not read in this format',
    hint: 'Save it as metadata.csv or metadata.jsonl, with a column file_name.',
  },
  {
    name: fileNames.video,
    code: 'video',
    what: ['video', 'videos'],
    why: 'left out',
    hint: 'Export the frames you want to train on as images.',
    expected: true,
  },
];

/** Accounts for files that are neither images nor about one, by kind. */
export function describeOthers(ids: readonly string[]): readonly LeftOut[] {
  const rest: string[] = [];
  const byKind = kinds.map((): string[] => []);
  for (const id of ids) {
    const kind = kinds.findIndex(({ name }) => name.test(id));
    (byKind[kind] ?? rest).push(id);
  }
  return [
    ...kinds.flatMap((kind, index) => leftOut(byKind[index]!, kind)),
    ...leftOut(rest, {
      code: 'other-file',
      what: ['other file', 'other files'],
      why: 'not about any image',
      hint: `They are of these kinds: ${extensionsOf(rest)}.`,
      expected: true,
    }),
  ];
}

const shownExtensions = 8;

/** `3 .npz, 1 .md and 2 others`, the most frequent first. */
function extensionsOf(ids: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const id of ids) {
    const extension = /\.[^./]+$/.exec(basename(id))?.[0].toLowerCase() ?? 'without extension';
    counts.set(extension, (counts.get(extension) ?? 0) + 1);
  }
  const sorted = [...counts].sort(([, a], [, b]) => b - a);
  const more = sorted.slice(shownExtensions).reduce((sum, [, count]) => sum + count, 0);
  const parts = sorted.slice(0, shownExtensions).map(([extension, count]) => `${count} ${extension}`);
  return parts.join(', ') + (more > 0 ? ` and ${countOf(more, 'other')}` : '');
}
