import { Failure } from '../failure.ts';

/** Codes of the operating system and of SQLite, by what is wrong with the disk. */
const full = /^(ENOSPC|EDQUOT|SQLITE_FULL|SQLITE_IOERR_SHMSIZE)$/;
const readOnly = /^(EROFS|SQLITE_READONLY.*)$/;
const longName = 'ENAMETOOLONG';
const failing = /^(EIO|SQLITE_IOERR.*)$/;

const diskFull = 'disk-full';

/** The code of an error of the operating system or of SQLite, or of what caused it; empty where there is none. */
function codeOf(error: unknown): string {
  for (let at = error, depth = 0; at instanceof Error && depth < 8; at = at.cause, depth++) {
    if ('code' in at && typeof at.code === 'string' && /^(E[A-Z0-9]+|SQLITE_\w+)$/.test(at.code))
      return at.code;
  }
  return '';
}

/** Whether it is for want of room that something could not be written: there may be room again later. */
export function isDiskFull(error: unknown): boolean {
  return (error instanceof Failure && error.code === diskFull) || full.test(codeOf(error));
}

/**
 * What an error of the operating system or of SQLite comes to for a person, where the disk is at fault; null where it is
 * not. `what` could not be written or read: `The picture a.png`.
 */
export function storageFailure(error: unknown, what?: string): Failure | null {
  if (error instanceof Failure) return error.code === diskFull ? error : null;
  const code = codeOf(error);
  const say = (fault: string) =>
    what === undefined
      ? `${fault[0]!.toUpperCase()}${fault.slice(1)}.`
      : `${what} could not be written: ${fault}.`;
  if (full.test(code)) {
    const fault = code === 'EDQUOT' ? 'your quota on the disk is used up' : 'the disk is full';
    return new Failure(diskFull, say(fault), 'Free some space on it, and try again.', error);
  }
  if (code === longName) {
    const hint = 'Choose a shorter one.';
    return new Failure('name-too-long', say('the name is longer than the disk takes'), hint, error);
  }
  if (readOnly.test(code)) {
    const hint = 'Make it writable, or use a folder on another disk.';
    return new Failure('disk-read-only', say('the disk is read-only'), hint, error);
  }
  if (failing.test(code)) {
    const hint = 'Check that the disk is connected and in order, and try again.';
    return new Failure('disk-failing', say(`the disk gave an error (${code})`), hint, error);
  }
  return null;
}
