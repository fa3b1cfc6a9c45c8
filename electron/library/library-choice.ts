import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { z } from 'zod';

import { writeFileAtomic } from '../../native/files/atomic-file.ts';
import { type Surroundings, userConfigFolder, userLibraryFolder } from './user-folders.ts';

const choiceSchema = z.object({ libraryFolder: z.string().min(1) });

const fileOf = (surroundings: Surroundings) => join(userConfigFolder(surroundings), 'library.json');

/** The library to open: the environment's, else the one chosen last, else the platform's place for it. */
export async function chosenLibrary(surroundings: Surroundings): Promise<string> {
  if (surroundings.environment.SCREENFOLD_LIBRARY) return userLibraryFolder(surroundings);
  const text = await readFile(fileOf(surroundings), 'utf8').catch(() => '');
  const choice = choiceSchema.safeParse(parsed(text));
  return choice.success ? choice.data.libraryFolder : userLibraryFolder(surroundings);
}

export async function rememberLibrary(surroundings: Surroundings, libraryFolder: string): Promise<void> {
  const file = fileOf(surroundings);
  await mkdir(dirname(file), { recursive: true });
  await writeFileAtomic(file, JSON.stringify({ libraryFolder }, null, 2));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
