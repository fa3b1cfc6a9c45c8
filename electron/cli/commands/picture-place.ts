import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { basename, dirname, extname } from 'node:path';

import { makeFolder, writeFailure } from '../../../native/files/atomic-file.ts';
import { usage } from './context.ts';

/** Files that a comparison writes, by the flag that names them, and the endings they may have. */
const endings = { '--sheet': ['.png'], '--animation': ['.gif', '.webp'] } as const;

/**
 * Whether a file can be written where it is to come to lie: what a person should hear before pictures are made, which may take long,
 * and not after.
 *
 * @param isNamed by a person, who may have named anything
 * @throws Failure `usage`, `write-failed`
 */
export async function checkPicturePlace(
  flag: keyof typeof endings,
  file: string,
  isNamed: boolean,
): Promise<void> {
  const example = `${flag} ${flag.slice(2)}${endings[flag][0]}`;
  const found = isNamed ? await stat(file).catch(() => null) : null;
  if (found?.isDirectory() === true)
    throw usage(`${file} is a folder.`, `Name a file in it, as in ${example}.`);
  if (!endings[flag].some((ending) => ending === extname(file).toLowerCase()))
    throw usage(
      `${basename(file)} does not end in ${endings[flag].join(' or ')}, and no other kind of file is written.`,
      `Name it so, as in ${example}.`,
    );
  await makeFolder(dirname(file));
  try {
    await access(dirname(file), constants.W_OK);
  } catch (error) {
    throw writeFailure(file, error);
  }
}
