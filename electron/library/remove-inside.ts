import { realpath, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import type { Log } from './library.ts';
import { pathInside } from './path-inside.ts';

/**
 * Deletes something that lies in one of a library's folders, as `runs/7` does. What lies elsewhere, also by a link on the
 * way to it, is another's, and the library's folders themselves hold more than it: those are left, and the log says so.
 */
export async function removeInside(library: string, path: string, log: Pick<Log, 'warn'>): Promise<void> {
  const place = await realpath(dirname(path)).catch(() => null);
  // Where its folder is gone, so is what lay in it.
  if (place === null) return;
  const inside = pathInside(await realpath(library), join(place, basename(path)));
  if (inside?.includes('/') !== true) {
    log.warn('Not deleted, since it is not one thing of this library', path);
    return;
  }
  await rm(path, { recursive: true, force: true });
}
