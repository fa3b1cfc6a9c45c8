import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { writeFileAtomic } from '../../../native/files/atomic-file.ts';
import { type Surroundings, userConfigFolder } from '../../library/user-folders.ts';

const wellFormed = /^[\w-]{32}$/;

/**
 * What a browser that was let in shows from then on, kept for this user alone: a page left open goes on by itself when
 * Screenfold is started again. Undefined where it cannot be kept; a page then has to be opened anew.
 */
export async function keptSession(surroundings: Surroundings): Promise<string | undefined> {
  const file = join(userConfigFolder(surroundings), 'browser-session');
  const known = await readFile(file, 'utf8').catch(() => '');
  if (wellFormed.test(known)) return known;
  const session = randomBytes(24).toString('base64url');
  try {
    await mkdir(userConfigFolder(surroundings), { recursive: true });
    await writeFileAtomic(file, session);
    await chmod(file, 0o600);
    return session;
  } catch {
    return undefined;
  }
}
