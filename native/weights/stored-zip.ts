/** Zip archives whose files lie in them as they are, to be read by ranges: what `torch.save` writes. Nothing is unpacked. */
import type { FileHandle } from 'node:fs/promises';

import type { Entry, ZipFile } from 'yauzl';
import { fromRandomAccessReaderPromise, RandomAccessReader } from 'yauzl';

import { Failure, messageOf } from '../failure.ts';
import { readFully } from '../files/file-ranges.ts';
import type { TorchRefusals } from './torch-refusals.ts';
import { quoted } from './torch-refusals.ts';

/** Where a file's bytes lie in the archive. */
export interface StoredEntry {
  readonly start: number;
  readonly bytes: number;
  /** Why they are not the file's as they lie there. */
  readonly packed: 'compressed' | 'encrypted' | null;
}

/** A file of weights with all that training needs has about 5000. */
const mostEntries = 20_000;

/**
 * How yauzl is to read. Its own way throws where nobody can catch, when an archive points beyond what a file can have,
 * and closes the file with the archive.
 */
class ArchiveBytes extends RandomAccessReader {
  readonly #file: FileHandle;
  readonly #size: number;
  readonly #onThrown: (error: unknown) => void;

  constructor(file: FileHandle, size: number, onThrown: (error: unknown) => void) {
    super();
    this.#file = file;
    this.#size = size;
    this.#onThrown = onThrown;
  }

  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null) => void,
  ): void {
    const beyond = (): Error => new Error(`it points to byte ${position} of ${this.#size}`);
    readFully(this.#file, buffer.subarray(offset, offset + length), position, beyond)
      .then(
        () => {
          callback(null);
        },
        (error: unknown) => {
          callback(error instanceof Error ? error : beyond());
        },
      )
      .catch(this.#onThrown);
  }

  override close(callback: (error: Error | null) => void): void {
    callback(null);
  }
}

async function locate(zip: ZipFile, entry: Entry): Promise<StoredEntry> {
  const { fileDataStart: start } = await zip.readLocalFileHeaderPromise(entry, { minimal: true });
  const packed = entry.isEncrypted() ? 'encrypted' : entry.compressionMethod === 0 ? null : 'compressed';
  return { start, bytes: entry.compressedSize, packed };
}

interface Place {
  readonly name: string;
  readonly from: number;
  readonly end: number;
}

async function readEntries(
  bytes: ArchiveBytes,
  size: number,
  refuse: TorchRefusals,
): Promise<ReadonlyMap<string, StoredEntry>> {
  const zip = await fromRandomAccessReaderPromise(bytes, size, { strictFileNames: true }).catch(
    (error: unknown) => {
      // The directory is at the end: where it is missing, the end is.
      throw messageOf(error).startsWith('End of central directory') ? refuse.truncated(error) : error;
    },
  );
  const entries = new Map<string, StoredEntry>();
  const places: Place[] = [];
  for await (const entry of zip.eachEntry()) {
    const { fileName: name, relativeOffsetOfLocalHeader: from } = entry;
    if (name.endsWith('/')) continue;
    if (places.length === mostEntries) throw refuse.invalid(`has more than ${mostEntries} files in it`);
    if (entries.has(name)) throw refuse.invalid(`has ${quoted(name)} twice`);
    const place = await locate(zip, entry);
    entries.set(name, place);
    places.push({ name, from, end: place.start + place.bytes });
  }
  places.sort((a, b) => a.from - b.from);
  for (const [index, { name, from }] of places.entries())
    if (index > 0 && from < places[index - 1]!.end)
      throw refuse.invalid(`has ${quoted(name)} lie over another file`);
  return entries;
}

/**
 * Every file of an archive by its name. No two have one name or lie over each other, and all are whole.
 *
 * @throws Failure `torch-file-truncated`, `torch-file-invalid`
 */
export async function readStoredZip(
  file: FileHandle,
  size: number,
  refuse: TorchRefusals,
): Promise<ReadonlyMap<string, StoredEntry>> {
  const thrown = Promise.withResolvers<never>();
  try {
    const bytes = new ArchiveBytes(file, size, thrown.reject);
    return await Promise.race([readEntries(bytes, size, refuse), thrown.promise]);
  } catch (error) {
    throw error instanceof Failure
      ? error
      : refuse.invalid(`is a damaged archive: ${messageOf(error)}`, error);
  } finally {
    thrown.promise.catch(() => undefined);
  }
}
