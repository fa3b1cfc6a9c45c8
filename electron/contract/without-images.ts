import { type OtherKind, otherKindOf } from './file-kinds.ts';

/** A file or folder that was dropped or chosen. */
export interface Given {
  readonly name: string;
  /** Paths of all files below a folder, with forward slashes; null for a file. */
  readonly below: readonly string[] | null;
}

interface KindWords {
  readonly one: string;
  readonly several: string;
  /** What to do with it, or with them; null where there is nothing to do. */
  readonly advice: ((it: string) => string) | null;
}

const words: Readonly<Record<OtherKind, KindWords>> = {
  model: {
    one: 'model file',
    several: 'model files',
    advice: (it) => `Add ${it} under Models: Add a model, One file.`,
  },
  archive: {
    one: 'archive',
    several: 'archives',
    advice: (it) => `Unpack ${it}, then drop the folder.`,
  },
  video: {
    one: 'video',
    several: 'videos',
    advice: (it) => `Save frames of ${it} as images, then drop those.`,
  },
  picture: {
    one: 'picture in a format that is not read',
    several: 'pictures in formats that are not read',
    advice: (it) => `Save ${it} as PNG or JPEG, then drop the new files.`,
  },
  table: {
    one: 'table',
    several: 'tables',
    advice: (it) => `Save the images in ${it} as files, then drop those.`,
  },
  text: { one: 'text file', several: 'text files', advice: null },
  other: { one: 'file of another kind', several: 'files of other kinds', advice: null },
};

export const chooseImages = 'Choose png, jpg, webp, bmp, gif, avif or tiff images, or a folder of them.';

/** What was given, where none of it is an image or holds one, and what to do, in words. */
export function withoutImages(given: readonly Given[]): { readonly message: string; readonly hint: string } {
  const kinds = countKinds(given.flatMap(({ name, below }) => below ?? [name]));
  const [only] = given;
  if (given.length !== 1 || only === undefined) {
    return kinds.length === 0
      ? { message: 'These folders are empty.', hint: chooseImages }
      : { message: `There is no image among ${listOf(kinds)}.`, hint: hintFor(kinds) };
  }
  const { name, below } = only;
  if (below === null) {
    const kind = otherKindOf(name);
    const { one } = words[kind];
    const what = kind === 'other' ? 'not an image' : `${/^[aeiou]/.test(one) ? 'an' : 'a'} ${one}`;
    return { message: `${name} is ${what}.`, hint: hintFor(kinds) };
  }
  if (below.includes('model_index.json')) {
    return {
      message: `${name} is the folder of a model.`,
      hint: 'Add it under Models: Add a model, A diffusers folder.',
    };
  }
  if (below.length === 0) return { message: `${name} is an empty folder.`, hint: chooseImages };
  return { message: `${name} is a folder of ${listOf(kinds)}.`, hint: hintFor(kinds) };
}

interface Counted {
  readonly kind: OtherKind;
  readonly files: number;
}

/** The most frequent first. */
function countKinds(files: readonly string[]): readonly Counted[] {
  const counts = new Map<OtherKind, number>();
  for (const file of files) {
    const kind = otherKindOf(file);
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return [...counts].map(([kind, files]) => ({ kind, files })).sort((a, b) => b.files - a.files);
}

/** `3 text files, 2 archives and 1 video`. */
function listOf(kinds: readonly Counted[]): string {
  if (kinds.length === 1 && kinds[0]!.kind === 'other') {
    const { files } = kinds[0]!;
    return files === 1
      ? '1 file that is not an image'
      : `${files.toLocaleString('en')} files that are not images`;
  }
  const parts = kinds.map(({ kind, files }) => {
    const { one, several } = words[kind];
    return files === 1 ? `1 ${one}` : `${files.toLocaleString('en')} ${several}`;
  });
  return parts.length === 1 ? parts[0]! : `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)!}`;
}

/** One piece of advice: of the most frequent kind that there is something to do with. */
function hintFor(kinds: readonly Counted[]): string {
  const useful = kinds.find(({ kind }) => words[kind].advice !== null);
  if (useful === undefined) return chooseImages;
  const { one, several, advice } = words[useful.kind];
  const alone = kinds.length === 1;
  const it = useful.files === 1 ? (alone ? 'it' : `the ${one}`) : alone ? 'them' : `the ${several}`;
  return advice!(it);
}
