/** Why the operating system did not let a file or folder be reached, in words, and what helps. */
export interface Obstacle {
  /** As the end of a sentence: `it is not there`. */
  readonly reason: string;
  /** A sentence or two. */
  readonly hint: string;
}

type Wanted = 'file' | 'folder';

const drive: Obstacle = {
  reason: 'its drive does not answer',
  hint: 'Check that its drive is connected and in order, and try again.',
};
const denied: Obstacle = {
  reason: 'permission denied',
  hint: 'Change its permissions, and try again.',
};
const manyOpen: Obstacle = {
  reason: 'too many files are open on this machine',
  hint: 'Close other programs, and try again.',
};
const held: Obstacle = {
  reason: 'another program keeps it to itself',
  hint: 'Close the programs that have it open, and try again.',
};

const taken: Obstacle = {
  reason: 'something else has that name',
  hint: 'Choose another name, or move it away.',
};

const obstacles: Readonly<Record<string, Obstacle>> = {
  EACCES: denied,
  EPERM: denied,
  EEXIST: taken,
  ENOTEMPTY: taken,
  ELOOP: {
    reason: 'its links lead round in a circle',
    hint: 'Put the file or folder itself in the place of the link.',
  },
  ENAMETOOLONG: {
    reason: 'its path is longer than the system takes',
    hint: 'Move it to a place with a shorter path.',
  },
  EMFILE: manyOpen,
  ENFILE: manyOpen,
  EBUSY: held,
  ETXTBSY: held,
  ENOMEM: { reason: 'there is not enough memory', hint: 'Close other programs, and try again.' },
};

/** Codes that disks and network drives give when they do not work. */
const drives =
  /^(EIO|ENODEV|ENXIO|ESTALE|ENOTCONN|EHOSTDOWN|EHOSTUNREACH|ENETDOWN|ENETUNREACH|ETIMEDOUT|EREMOTEIO|ENOMEDIUM|EUCLEAN|EBADMSG)$/;

/** The operating system's code of an error, as `ENOENT`; empty for any other error. */
export function systemCode(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : null;
  return typeof code === 'string' && /^E[A-Z0-9]+$/.test(code) ? code : '';
}

/**
 * What an error of the operating system means for whoever wanted to read a file or a folder; null for an error of another
 * kind, and where the code says nothing a person could act on.
 */
export function obstacleOf(error: unknown, wanted: Wanted = 'file'): Obstacle | null {
  const code = systemCode(error);
  switch (code) {
    case 'ENOENT':
      return {
        reason: wanted === 'file' ? 'there is no such file' : 'there is no such folder',
        hint: 'It may have been moved, renamed or deleted, or its drive is not connected: put it back, or choose another.',
      };
    case 'ENOTDIR':
      return wanted === 'folder'
        ? { reason: 'it is not a folder', hint: 'Choose a folder.' }
        : {
            reason: 'a part of its path is a file, not a folder',
            hint: 'Check the path: a folder in it may have been replaced by a file.',
          };
    case 'EISDIR':
      return {
        reason: 'it is a folder',
        hint: 'Choose a file, or put the file that belongs there in its place.',
      };
    default:
      return drives.test(code)
        ? { ...drive, reason: `${drive.reason} (${code})` }
        : (obstacles[code] ?? null);
  }
}
