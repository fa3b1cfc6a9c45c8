import { open } from 'node:fs/promises';

import sharp from 'sharp';

import { Failure, messageOf } from '../../native/failure.ts';
import { obstacleOf } from '../../native/files/obstacle.ts';

const types: readonly (readonly [start: RegExp, type: string])[] = [
  [/^\xff\xd8\xff/, 'image/jpeg'],
  [/^\x89PNG\r\n/, 'image/png'],
  [/^GIF8/, 'image/gif'],
  [/^RIFF....WEBP/s, 'image/webp'],
  [/^....ftypavi[fs]/s, 'image/avif'],
];

/**
 * What kind of picture a browser takes the file for, by its first bytes; null where it would not show it upright.
 * @throws Failure `image-unreadable`
 */
export async function shownType(path: string): Promise<string | null> {
  const start = Buffer.alloc(16);
  try {
    const file = await open(path);
    try {
      await file.read(start, 0, start.length, 0);
    } finally {
      await file.close();
    }
  } catch (cause) {
    const { reason, hint } = obstacleOf(cause) ?? {
      reason: messageOf(cause),
      hint: 'Check that its drive is in order, and try again.',
    };
    throw new Failure('image-unreadable', `${path} cannot be read: ${reason}`, hint, cause);
  }
  const text = start.toString('latin1');
  const type = types.find(([pattern]) => pattern.test(text))?.[1] ?? null;
  // Browsers turn JPEG files as their EXIF says; of other formats they do not agree.
  if (type === null || type === 'image/jpeg' || type === 'image/gif') return type;
  const orientation = await sharp(path)
    .metadata()
    .then(
      (metadata) => metadata.orientation ?? 1,
      () => 1,
    );
  return orientation === 1 ? type : null;
}
