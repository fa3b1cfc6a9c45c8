import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { basename, dirname, join, parse } from 'node:path';
import { pipeline } from 'node:stream/promises';

import type { Entry, ZipFile } from 'yauzl';

import { Failure, messageOf } from '../../../native/failure.ts';
import { writeFailure, writeFolderAtomic } from '../../../native/files/atomic-file.ts';
import { isImageName, otherKindOf } from '../../contract/file-kinds.ts';
import { bytesText } from '../../contract/quantities.ts';
import { chooseImages } from '../../contract/without-images.ts';
import { freeOn } from '../../library/free-disk.ts';
import { entriesOf, openZip, verifiedEntry } from '../../library/zip-file.ts';

const mostFiles = 1_000_000;
/** Left free on the disk. */
const spare = 256 * 1024 * 1024;

/**
 * Unpacks the images of a zip archive, and the texts and tables among them, into a folder that is there whole or not at all.
 * @param folder not there yet; the folder above it is
 * @throws Failure `archive-damaged`, `archive-locked`, `archive-name-too-long`, `dataset-empty`, `disk-full`, `write-failed`
 */
export async function unpackArchive(archive: string, folder: string): Promise<void> {
  const name = basename(archive);
  const damaged = (error: unknown) =>
    new Failure(
      'archive-damaged',
      `${name} cannot be unpacked: ${messageOf(error).replace(/\.+$/, '')}.`,
      'It may be cut off or damaged: get it again, or unpack it with another program and drop the folder.',
      error,
    );
  const zip = await openZip(archive).catch((error: unknown) => {
    throw damaged(error);
  });
  try {
    const entries = await entriesOf(zip, isWanted, mostFiles).catch((error: unknown) => {
      throw damaged(error);
    });
    if (!entries.some(({ fileName }) => isImageName(fileName))) throw withoutImages(name, entries);
    const long = entries.find(({ fileName }) => segmentsOf(fileName).some(isTooLong));
    if (long !== undefined) throw nameTooLong(name, long);
    if (entries.some((entry) => entry.isEncrypted()))
      throw new Failure(
        'archive-locked',
        `${name} is locked by a password.`,
        'Unpack it with its password, then drop the folder.',
      );
    await needRoom(name, dirname(folder), entries);
    await writeFolderAtomic(folder, async (partial) => {
      // A file that is called as a folder is gets another name, as the second of two files does.
      const taken = new Set(entries.flatMap(foldersOf));
      for (const entry of entries) await write(zip, entry, join(partial, freeName(entry, taken)), damaged);
    });
  } finally {
    zip.close();
  }
}

/** Not what a file manager keeps for itself, nor what no data set is made of. */
function isWanted({ fileName }: Entry): boolean {
  const parts = segmentsOf(fileName);
  if (parts.some((part) => part.startsWith('.') || part === '__MACOSX')) return false;
  // Archives in it are not unpacked, but they are named among what could not be used.
  return isImageName(fileName) || ['text', 'table', 'archive'].includes(otherKindOf(fileName));
}

function withoutImages(name: string, entries: readonly Entry[]): Failure {
  const inner = entries.find(({ fileName }) => otherKindOf(fileName) === 'archive');
  if (inner === undefined) return new Failure('dataset-empty', `${name} holds no image.`, chooseImages);
  return new Failure(
    'dataset-empty',
    `${name} holds no image, but another archive: ${segmentsOf(inner.fileName).at(-1)}.`,
    'Unpack it with another program, then drop the archive or folder that is in it.',
  );
}

/** Bytes that a name may have on the disks of Linux; those of others take more. */
const mostNameBytes = 255;
const isTooLong = (part: string): boolean => Buffer.byteLength(part) > mostNameBytes;

function nameTooLong(name: string, { fileName }: Entry): Failure {
  const part = segmentsOf(fileName).find(isTooLong) ?? fileName;
  return new Failure(
    'archive-name-too-long',
    `${name} holds a name that is too long for a disk: ${Array.from(part).slice(0, 60).join('')}…`,
    `Names may have ${mostNameBytes} bytes, about as many letters. Shorten it and pack the archive again.`,
  );
}

/** The folders an entry lies in, in small letters: `a`, `a/b`. */
function foldersOf({ fileName }: Entry): string[] {
  const parts = segmentsOf(fileName.toLowerCase()).slice(0, -1);
  return parts.map((_, index) => join(...parts.slice(0, index + 1)));
}

const segmentsOf = (name: string): readonly string[] =>
  name.split('/').filter((part) => part !== '' && part !== '.');

/** An entry's name; where another has it, in other letters too, numbered, as what belongs to that one is. */
function freeName({ fileName }: Entry, taken: Set<string>): string {
  const { dir, name, ext } = parse(segmentsOf(fileName).join('/'));
  for (let count = 1; ; count++) {
    const own = join(dir, count === 1 ? `${name}${ext}` : `${name} (${count})${ext}`);
    if (taken.has(own.toLowerCase())) continue;
    taken.add(own.toLowerCase());
    return own;
  }
}

async function needRoom(name: string, disk: string, entries: readonly Entry[]): Promise<void> {
  const needed = entries.reduce((sum, { uncompressedSize }) => sum + uncompressedSize, spare);
  const free = await freeOn(disk);
  if (free >= needed) return;
  throw new Failure(
    'disk-full',
    `${name} unpacked takes ${bytesText(needed - spare)}, and ${bytesText(spare)} are to stay free; the library's disk has ${bytesText(free)}.`,
    'Free some space, or unpack it on another disk and drop the folder.',
  );
}

async function write(
  zip: ZipFile,
  entry: Entry,
  path: string,
  damaged: (error: unknown) => Failure,
): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true });
    await pipeline(verifiedEntry(zip, entry), createWriteStream(path));
  } catch (error) {
    const ofDisk = error instanceof Error && 'syscall' in error;
    throw ofDisk ? writeFailure(path, error) : damaged(error);
  }
}
