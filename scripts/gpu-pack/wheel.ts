import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { basename } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

import yauzl, { type Entry, type ZipFile } from 'yauzl';

/** A package of PyPI as it is downloaded: an archive with its files and what it says of itself. */
export interface Wheel {
  readonly name: string;
  readonly version: string;
  readonly licence: string;
  /** Paths in it. */
  readonly files: readonly string[];
  readonly read: (path: string) => Promise<Buffer>;
  /** Writes a file of it to a path; gives its length and its SHA-256. */
  readonly extract: (
    path: string,
    to: string,
  ) => Promise<{ readonly bytes: number; readonly sha256: string }>;
  readonly close: () => void;
}

export async function openWheel(file: string): Promise<Wheel> {
  const zip = await new Promise<ZipFile>((resolve, reject) => {
    yauzl.open(file, { lazyEntries: true, autoClose: false }, (error, opened) => {
      if (error === null) resolve(opened);
      else reject(error);
    });
  });
  const entries = await new Promise<ReadonlyMap<string, Entry>>((resolve, reject) => {
    const found = new Map<string, Entry>();
    zip.on('entry', (entry: Entry) => {
      found.set(entry.fileName, entry);
      zip.readEntry();
    });
    zip.on('end', () => {
      resolve(found);
    });
    zip.on('error', reject);
    zip.readEntry();
  });
  const stream = (path: string): Promise<Readable> => {
    const entry = entries.get(path);
    if (entry === undefined) throw new Error(`${basename(file)} has no ${path}.`);
    return new Promise((resolve, reject) => {
      zip.openReadStream(entry, (error, opened) => {
        if (error === null) resolve(opened);
        else reject(error);
      });
    });
  };
  const read = async (path: string): Promise<Buffer> => {
    const chunks: Buffer[] = [];
    for await (const chunk of (await stream(path)) as AsyncIterable<Buffer>) chunks.push(chunk);
    return Buffer.concat(chunks);
  };
  const files = [...entries.keys()];
  const metadata = files.find((path) => path.endsWith('.dist-info/METADATA'));
  const said = metadata === undefined ? '' : (await read(metadata)).toString('utf8');
  const field = (name: string) => new RegExp(`^${name}: (.+)$`, 'm').exec(said)?.[1]?.trim() ?? '';
  return {
    name: field('Name'),
    version: field('Version'),
    licence: field('License-Expression') || field('License'),
    files,
    read,
    extract: async (path, to) => {
      const hash = createHash('sha256');
      let bytes = 0;
      const counted = async function* (chunks: AsyncIterable<Buffer>) {
        for await (const chunk of chunks) {
          hash.update(chunk);
          bytes += chunk.length;
          yield chunk;
        }
      };
      await pipeline(await stream(path), counted, createWriteStream(to));
      return { bytes, sha256: hash.digest('hex') };
    },
    close: () => {
      zip.close();
    },
  };
}
