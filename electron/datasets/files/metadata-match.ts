import { isAbsolute, posix, relative, win32 } from 'node:path';

import type { FoundFile } from './folder-scan.ts';

/** Names an image may go by, the most exact first; one that two images share names neither. */
const namings: readonly ((path: string) => string)[] = [
  (path) => path,
  (path) => stem(path),
  (path) => folded(path),
  (path) => folded(stem(path)),
  (path) => posix.basename(path),
  (path) => stem(posix.basename(path)),
  (path) => folded(posix.basename(path)),
  (path) => folded(stem(posix.basename(path))),
];
const isFolded = [false, false, true, true, false, false, true, true];

export interface RowMatches<Row> {
  /** By image id. */
  readonly matches: ReadonlyMap<string, Row>;
  /** Keys of rows that are about no image, or about one that another row names more exactly. */
  readonly unmatched: readonly string[];
}

/** @param folder of the metadata file, with a slash at the end or empty; rows are about images in it and below */
export type MatchRows = <Row extends { readonly key: string }>(
  folder: string,
  rows: readonly Row[],
) => RowMatches<Row>;

/**
 * Finds the image each row is about. Tools differ in what they write: a path relative to the metadata file, one without
 * extension, an absolute path (perhaps of another machine), a bare name or number. The most exact reading wins; a bare
 * name counts only where one image in reach has it. Unicode form and slashes do not matter, and letter case only where
 * images differ in nothing else.
 */
export function createRowMatcher(root: string, images: readonly FoundFile[]): MatchRows {
  const byFolder = new Map<string, Indexes>();
  return (folder, rows) => {
    const indexes = byFolder.get(folder) ?? indexImages(folder, images);
    byFolder.set(folder, indexes);
    const matches = new Map<string, (typeof rows)[number]>();
    const exactness = new Map<string, number>();
    const unmatched: string[] = [];
    for (const row of rows) {
      const found = find(readings(root, folder, row.key), indexes);
      const before = found === null ? undefined : exactness.get(found.id);
      if (found === null || (before !== undefined && before < found.exactness)) {
        unmatched.push(row.key);
        continue;
      }
      if (before !== undefined && before > found.exactness) unmatched.push(matches.get(found.id)!.key);
      matches.set(found.id, row);
      exactness.set(found.id, found.exactness);
    }
    return { matches, unmatched };
  };
}

type Indexes = readonly ReadonlyMap<string, string | null>[];

function indexImages(folder: string, images: readonly FoundFile[]): Indexes {
  const inReach = images.filter(({ id }) => id.startsWith(folder));
  return namings.map((naming) => {
    const index = new Map<string, string | null>();
    for (const { id } of inReach) {
      const name = naming(id.slice(folder.length).normalize('NFC'));
      index.set(name, index.has(name) ? null : id);
    }
    return index;
  });
}

function find(
  names: readonly string[],
  indexes: Indexes,
): { readonly id: string; readonly exactness: number } | null {
  for (const name of names) {
    for (const [exactness, index] of indexes.entries()) {
      const id = index.get(isFolded[exactness] === true ? folded(name) : name);
      if (typeof id === 'string') return { id, exactness };
    }
  }
  return null;
}

function readings(root: string, folder: string, key: string): readonly string[] {
  const composed = key.normalize('NFC');
  if (!isAbsolute(composed) && !win32.isAbsolute(composed)) {
    return [posix.normalize(composed.replaceAll('\\', '/'))];
  }
  const local = relative(`${root}/${folder}`.normalize('NFC'), composed).replaceAll('\\', '/');
  const bare = composed.replaceAll('\\', '/').split('/').at(-1)!;
  return [local, bare];
}

function folded(name: string): string {
  return name.toLowerCase();
}

function stem(name: string): string {
  return name.replace(/\.[^./]+$/, '');
}
