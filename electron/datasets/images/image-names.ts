import { posix } from 'node:path';

import { Failure } from '../../../native/failure.ts';

const shown = 3;

/**
 * Ids of images by names as people have them in lists: paths within the data set, file names, or file names without their
 * ending, in either case. A name that several images have means all of them.
 * @throws Failure `split-invalid`: names that no image has
 */
export function idsOfNames(images: readonly { readonly id: string }[], names: readonly string[]): string[] {
  const byName = new Map<string, Set<string>>();
  for (const { id } of images) {
    const file = posix.basename(id);
    for (const name of new Set([id, file, posix.parse(file).name])) {
      const key = keyOf(name);
      byName.set(key, (byName.get(key) ?? new Set()).add(id));
    }
  }
  const wanted = names.map((name) => name.trim()).filter((name) => name !== '');
  const unknown = wanted.filter((name) => !byName.has(keyOf(name)));
  if (unknown.length > 0) {
    const some = unknown
      .slice(0, shown)
      .map((name) => `“${name}”`)
      .join(', ');
    throw new Failure(
      'split-invalid',
      unknown.length > shown
        ? `No image is called ${some} or ${unknown.length - shown} more of these names.`
        : `No image is called ${some}.`,
      'Write one name to a line: a path in the data set, or a file name with or without its ending.',
    );
  }
  return [...new Set(wanted.flatMap((name) => [...byName.get(keyOf(name))!]))];
}

const keyOf = (name: string) =>
  name.replaceAll('\\', '/').replace(/^\.\//, '').normalize('NFC').toLowerCase();
