import { isUtf8 } from 'node:buffer';
import type { Stats } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { Failure, messageOf } from '../../../native/failure.ts';
import { obstacleOf, systemCode } from '../../../native/files/obstacle.ts';
import { type LeftOut, leftOut } from './left-out.ts';

export interface FoundFile {
  /** Relative to the scanned folder, with forward slashes, in Unicode's composed form. */
  readonly id: string;
  readonly path: string;
}

export interface ScannedFile extends FoundFile {
  readonly bytes: number;
  /** Whole milliseconds since 1970. */
  readonly modifiedAt: number;
}

export interface FolderScan {
  /** Sorted by id. */
  readonly files: readonly ScannedFile[];
  /** What cannot be reached, and what is hidden. */
  readonly leftOut: readonly LeftOut[];
}

/** Names in a folder, as bytes: they need not be text. */
export type ListFolder = (path: string | Buffer) => Promise<readonly Buffer[]>;

const listFolder: ListFolder = async (path) => await readdir(path, { encoding: 'buffer' });

/** Left by operating systems and archivers beside what a person put there. */
const litter = new Set(['thumbs.db', 'desktop.ini', '__macosx', '$recycle.bin', '@eadir', '.ds_store']);

/**
 * All files under a folder, without hidden ones and operating systems' own. Links are followed, each folder once. A folder
 * in it that may not be read, or a name that is no text, costs nothing but itself. Aborted, it throws the signal's reason:
 * whole disks are dropped on windows too.
 * @throws Failure `dataset-missing`: no such folder, not a folder, or not readable
 */
export async function scanFolder(
  folder: string,
  list: ListFolder = listFolder,
  signal?: AbortSignal,
): Promise<FolderScan> {
  const files: ScannedFile[] = [];
  const visited = new Set<string>();
  const [hidden, lost, closed, misnamed]: [string[], string[], string[], string[]] = [[], [], [], []];

  async function visit(path: string, prefix: string): Promise<void> {
    const real = await realpath(path);
    if (visited.has(real)) return;
    visited.add(real);
    for (const bytes of await list(path)) {
      signal?.throwIfAborted();
      const name = bytes.toString('utf8');
      if (litter.has(name.toLowerCase()) || name.startsWith('._')) continue;
      if (name.startsWith('.')) hidden.push(prefix + name);
      else if (!isUtf8(bytes)) {
        const below = Buffer.concat([Buffer.from(join(path, '/')), bytes]);
        for (const file of await filesBelow(below, list, signal))
          misnamed.push(prefix + shownName(bytes) + file);
      } else await look(join(path, name), prefix + name);
    }
  }
  async function look(path: string, id: string): Promise<void> {
    const info = await stat(path).catch(() => null);
    if (info?.isFile() === true) files.push(scanned(id, path, info));
    else if (info?.isDirectory() !== true) lost.push(id);
    else {
      try {
        await visit(path, `${id}/`);
      } catch {
        signal?.throwIfAborted();
        closed.push(id);
      }
    }
  }

  try {
    await visit(folder, '');
  } catch (cause) {
    signal?.throwIfAborted();
    throw missing(folder, cause);
  }
  return {
    files: composed(files),
    leftOut: [...unreachable(closed, lost, misnamed), ...hiddenFiles(hidden)],
  };
}

/**
 * Some files of one folder, by name; those that are no longer there are left out.
 */
export async function scanFiles(folder: string, names: readonly string[]): Promise<FolderScan> {
  const files: ScannedFile[] = [];
  for (const name of names) {
    const path = join(folder, name);
    const info = await stat(path).catch(() => null);
    if (info?.isFile() === true) files.push(scanned(name, path, info));
  }
  return { files: composed(files), leftOut: [] };
}

/** Below a file or folder whose name is no text: their paths from there, the empty one for a file. */
async function filesBelow(
  path: Buffer,
  list: ListFolder,
  signal: AbortSignal | undefined,
): Promise<readonly string[]> {
  signal?.throwIfAborted();
  const info = await stat(path).catch(() => null);
  if (info?.isDirectory() !== true) return [''];
  const names = await list(path).catch(() => []);
  const found: string[] = [];
  for (const name of names) {
    for (const file of await filesBelow(Buffer.concat([path, Buffer.from('/'), name]), list, signal)) {
      found.push(`/${shownName(name)}${file}`);
    }
  }
  return found;
}

/** Bytes that are no text are written as `\xFC`. */
function shownName(bytes: Buffer): string {
  if (isUtf8(bytes)) return bytes.toString('utf8');
  return [...bytes]
    .map((byte) =>
      byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : `\\x${byte.toString(16).toUpperCase()}`,
    )
    .join('');
}

function scanned(id: string, path: string, { size, mtimeMs }: Stats): ScannedFile {
  return { id, path, bytes: size, modifiedAt: Math.floor(mtimeMs) };
}

/** File systems differ in how they write `ü`; ids must not. Two names that only differ in that keep their own. */
function composed(files: readonly ScannedFile[]): readonly ScannedFile[] {
  const taken = new Map<string, number>();
  for (const { id } of files) taken.set(id.normalize('NFC'), (taken.get(id.normalize('NFC')) ?? 0) + 1);
  return files
    .map((file) => ({
      ...file,
      id: taken.get(file.id.normalize('NFC')) === 1 ? file.id.normalize('NFC') : file.id,
    }))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
}

function unreachable(
  closed: readonly string[],
  lost: readonly string[],
  misnamed: readonly string[],
): readonly LeftOut[] {
  return [
    ...leftOut(closed, {
      code: 'folder-unreadable',
      what: ['folder', 'folders'],
      why: 'left out, with all that is in it, because it may not be read',
      hint: 'If it holds images, change its permissions and read the folder again.',
    }),
    ...leftOut(lost, {
      code: 'file-unreachable',
      what: ['entry', 'entries'],
      why: 'left out: neither a file nor a folder, or a link that leads nowhere',
      hint: 'Put the files themselves into the folder, and read it again.',
    }),
    ...leftOut(misnamed, {
      code: 'name-encoding',
      what: ['file', 'files'],
      why: 'left out because of a name that is not UTF-8',
      hint: 'Rename them. On Linux `convmv -r -f latin1 -t utf8 --notest <folder>` does it for all.',
    }),
  ];
}

function hiddenFiles(hidden: readonly string[]): readonly LeftOut[] {
  return leftOut(hidden, {
    code: 'hidden',
    what: ['hidden file or folder', 'hidden files or folders'],
    why: 'left out',
    hint: 'Names that begin with a dot are not looked at. Rename what belongs to the images.',
    expected: true,
  });
}

function missing(folder: string, cause: unknown): Failure {
  if (systemCode(cause) === 'ENOTDIR' && /\.(?:zip|tar|tgz|gz|7z|rar)$/i.test(folder)) {
    return new Failure(
      'dataset-missing',
      `${folder} is an archive, and a data set is a folder.`,
      'Unpack it and give the folder that comes of it, or drop the archive into Screenfold’s window, which unpacks ZIP files.',
      cause,
    );
  }
  const { reason, hint } = obstacleOf(cause, 'folder') ?? {
    reason: messageOf(cause),
    hint: 'Check that its drive is in order, and read it again.',
  };
  return new Failure('dataset-missing', `${folder} cannot be read as a data set: ${reason}`, hint, cause);
}
