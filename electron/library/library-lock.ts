import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { Failure } from '../../native/failure.ts';
import { lockFile } from '../../native/files/process-lock.ts';
import { libraryFailure } from './database.ts';

/**
 * Keeps a second Screenfold out of a library: two would train the same queue.
 * @returns what gives the library back
 * @throws Failure `library-in-use`, or those of `libraryFailure`
 */
export function lockLibrary(folder: string): () => void {
  const release = taken(folder);
  if (release !== null) return release;
  throw new Failure(
    'library-in-use',
    `Another Screenfold has the library ${folder} open.`,
    'Close it first, or open another library with --library.',
  );
}

function taken(folder: string): (() => void) | null {
  try {
    mkdirSync(folder, { recursive: true });
    return lockFile(join(folder, 'library.lock'));
  } catch (error) {
    throw libraryFailure(folder, error) ?? error;
  }
}
