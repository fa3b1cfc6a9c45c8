/** Parts of files too large to be read whole. */
import type { FileHandle } from 'node:fs/promises';
import { open } from 'node:fs/promises';

import { Failure, messageOf } from '../failure.ts';
import { obstacleOf } from './obstacle.ts';

/**
 * Fills `bytes` with what the file has from `position` on.
 *
 * @throws what `truncated` makes, where the file ends before
 */
export async function readFully(
  file: FileHandle,
  bytes: Uint8Array,
  position: number,
  truncated: () => Error,
): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    // One read of 2 GiB or more fails on some systems.
    const length = Math.min(bytes.length - done, 1 << 30);
    const { bytesRead } = await file.read(bytes, done, length, position + done);
    if (bytesRead === 0) throw truncated();
    done += bytesRead;
  }
}

/** @throws Failure `file-unreadable` */
export async function openForReading(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r');
  } catch (error) {
    const { reason, hint } = obstacleOf(error) ?? {
      reason: messageOf(error),
      hint: 'Check that its drive is in order, and try again.',
    };
    throw new Failure('file-unreadable', `Could not open ${path}: ${reason}`, hint, error);
  }
}
