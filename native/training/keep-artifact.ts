import { dirname, join } from 'node:path';

import { makeFolder, removePartialWrites, writeFileAtomic } from '../files/atomic-file.ts';

/** Writes a graph to `folder`, for whoever wants to look at it or run it elsewhere; nothing where there is no folder. */
export async function keepArtifact(
  folder: string | undefined,
  name: string,
  model: Uint8Array,
): Promise<void> {
  if (folder === undefined) return;
  const path = join(folder, name);
  await makeFolder(dirname(path));
  await removePartialWrites(dirname(path));
  await writeFileAtomic(path, model);
}
