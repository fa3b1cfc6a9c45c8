/** The files that a run is trained on, as they were when it began: it goes on with the same ones alone. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { imageFilesName } from '../facts/run-folder.ts';
import { Failure } from '../failure.ts';
import { writeFileAtomic } from '../files/atomic-file.ts';
import { hashFile } from '../images/decode.ts';
import type { TrainJob } from '../jobs.ts';

interface KnownFiles {
  readonly formatVersion: 1;
  /** SHA-256 by what they are to the run: `image fox.png`, `mask of fox.png`. */
  readonly files: Readonly<Record<string, string>>;
}

/**
 * Notes the files of a run that begins; of one that goes on, makes sure that they are what they were. Runs from before this was
 * noted are taken as they are, and noted.
 *
 * @throws Failure `data-changed` naming the file, `image-unreadable`, and the reason of the stop where one is wanted
 */
export async function checkFiles(job: TrainJob, hasBegun: boolean, stop: AbortSignal): Promise<void> {
  const path = join(job.folder, imageFilesName);
  const before = hasBegun ? await readKnown(path) : null;
  const files: Record<string, string> = {};
  for (const [name, file] of filesOf(job)) {
    stop.throwIfAborted();
    const hash = await hashFile(file);
    if (before?.[name] !== undefined && before[name] !== hash) throw changed(name, file, job.folder);
    files[name] = hash;
  }
  const text = `${JSON.stringify({ formatVersion: 1, files } satisfies KnownFiles, null, 1)}\n`;
  if (before === null) await writeFileAtomic(path, text);
}

/** Class images that the base makes are known by how they are made. */
function filesOf({ images, validation, prior }: TrainJob): ReadonlyMap<string, string> {
  return new Map([
    ...[...images, ...validation].map(({ id, path }) => [`image ${id}`, path] as const),
    ...images.flatMap(({ id, mask }) => (mask === undefined ? [] : [[`mask of ${id}`, mask] as const])),
    ...(prior?.images ?? []).map(({ id, path }) => [`class image ${id}`, path] as const),
  ]);
}

async function readKnown(path: string): Promise<KnownFiles['files'] | null> {
  try {
    const { formatVersion, files } = JSON.parse(await readFile(path, 'utf8')) as Partial<KnownFiles>;
    return formatVersion === 1 && typeof files === 'object' ? files : null;
  } catch {
    return null;
  }
}

function changed(name: string, file: string, run: string): Failure {
  return new Failure(
    'data-changed',
    `The ${name} has changed since the run in ${run} began: ${file} is no longer the same.`,
    'Put the file back as it was, and resume; or start a new run with the changed file.',
  );
}
