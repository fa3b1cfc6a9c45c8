import { isAbsolute, posix, relative, win32 } from 'node:path';

import type { FoundFile } from './folder-scan.ts';
import type { MetadataRow } from './metadata-file.ts';

/** Names an image may go by, the most exact first; one that two images share names neither. */
const namings: readonly ((path: string) => string)[] = [
  (path) => path,
  (path) => path.toLowerCase(),
  (path) => stem(path).toLowerCase(),
  (path) => posix.basename(path).toLowerCase(),
  (path) => stem(posix.basename(path)).toLowerCase(),
];

/**
 * Finds the image each row is about. Tools differ in what they write: a path relative to the metadata file, one without
 * extension, an absolute path (perhaps of another machine), a bare name or number. The most exact reading wins; a bare
 * name counts only where one image in reach has it. Unicode form, letter case and slashes do not matter.
 * @param table id of the metadata file; its rows are about images in its folder and below
 */
export function matchRows(
  root: string,
  table: string,
  rows: readonly MetadataRow[],
  images: readonly FoundFile[],
): { readonly matches: ReadonlyMap<string, MetadataRow>; readonly unmatched: readonly string[] } {
  const folder = table.slice(0, table.lastIndexOf('/') + 1);
  const inReach = images.filter(({ id }) => id.startsWith(folder));
  const indexes = namings.map((naming) => {
    const index = new Map<string, string | null>();
    for (const { id } of inReach) {
      const name = naming(id.slice(folder.length).normalize('NFC'));
      index.set(name, index.has(name) ? null : id);
    }
    return index;
  });
  const matches = new Map<string, MetadataRow>();
  const unmatched: string[] = [];
  for (const row of rows) {
    const id = readings(root, folder, row.key)
      .flatMap((name) => indexes.map((index) => index.get(name) ?? index.get(name.toLowerCase())))
      .find((found) => typeof found === 'string');
    if (id === undefined) unmatched.push(row.key);
    else matches.set(id, row);
  }
  return { matches, unmatched };
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

function stem(name: string): string {
  return name.replace(/\.[^./]+$/, '');
}
