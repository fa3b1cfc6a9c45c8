import { readdir } from 'node:fs/promises';
import { basename } from 'node:path';

import { Failure } from '../../../native/failure.ts';
import type { DatasetProblem } from '../dataset-image.ts';
import { oneLine } from './caption-text.ts';
import type { FoundFile } from './folder-scan.ts';
import { type LeftOut, leftOut } from './left-out.ts';
import { type ImagesNamedBy, stemOf } from './sidecar-index.ts';
import { readTextFile } from './text-file.ts';

/** Where an image has several, the first of these counts. */
const extensions = ['caption', 'captions', 'txt'];
const captionName = /\.(?:captions?|txt)$/i;
/** Texts that people and trainers put beside images and that caption none. */
const noCaption =
  /^(?:read[ _-]?me|licen[cs]e|copying|notes?|info|change[ _-]?log|requirements|urls|links|prompts?|sample[ _-]prompts?|classes)\.txt$/i;
/** Above this, `2024_summer` is a year and not a number of repeats. */
const maxRepeats = 200;

export interface Sidecars {
  /** By image id. */
  readonly captions: ReadonlyMap<string, string>;
  /** By image id: the file its caption is in, also where that cannot be read. */
  readonly chosen: ReadonlyMap<string, FoundFile>;
  readonly problems: readonly DatasetProblem[];
  /** Caption files that were used or are accounted for. */
  readonly files: ReadonlySet<string>;
  readonly leftOut: readonly LeftOut[];
  /** How many files were captions. */
  readonly used: number;
}

interface Offer {
  readonly file: FoundFile;
  readonly rank: number;
}

/**
 * Captions in files named like the images: `fox.caption`, `fox.captions` or, less, `fox.txt` for `fox.png`, beside them or
 * in a folder `captions/`. All of a file's lines are one caption. An empty file is the empty caption.
 */
export async function readSidecars(
  files: readonly FoundFile[],
  imagesNamedBy: ImagesNamedBy,
  signal?: AbortSignal,
): Promise<Sidecars> {
  const texts = files.filter(({ id }) => captionName.test(id));
  const best = new Map<string, Offer>();
  const offered: FoundFile[] = [];
  const lonely: string[] = [];
  for (const file of texts) {
    const named = imagesNamedBy(file.id);
    if (named.length > 0) offered.push(file);
    else if (!noCaption.test(basename(file.id))) lonely.push(file.id);
    for (const { image, distance } of named) {
      const kind = extensions.indexOf(/[^.]*$/.exec(file.id)![0].toLowerCase());
      const rank = distance * extensions.length + kind;
      if (rank < (best.get(image)?.rank ?? Infinity)) best.set(image, { file, rank });
    }
  }
  const read = await readEach(best, signal);
  const used = new Set([...best.values()].map(({ file }) => file.id));
  const beaten = offered.filter(({ id }) => !used.has(id)).map(({ id }) => id);
  return {
    ...read,
    chosen: new Map([...best].map(([image, { file }]) => [image, file])),
    files: new Set([...used, ...beaten, ...lonely]),
    leftOut: [...withoutImage(lonely), ...besideBetter(beaten)],
    used: used.size,
  };
}

async function readEach(
  best: ReadonlyMap<string, Offer>,
  signal: AbortSignal | undefined,
): Promise<Pick<Sidecars, 'captions' | 'problems'>> {
  const captions = new Map<string, string>();
  const problems = new Map<string, DatasetProblem>();
  for (const [image, { file }] of best) {
    signal?.throwIfAborted();
    try {
      captions.set(image, oneLine(await readTextFile(file.path)));
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      problems.set(file.id, { file: file.id, failure: error });
    }
  }
  return { captions, problems: [...problems.values()] };
}

/** The named files of a folder and, for those that are images, the caption files beside them. */
export async function captionFilesBeside(
  folder: string,
  names: readonly string[],
): Promise<readonly string[]> {
  const known = new Set(names.flatMap((name) => [name.toLowerCase(), stemOf(name).toLowerCase()]));
  const beside = await readdir(folder).catch(() => []);
  const captions = beside.filter(
    (name) => /\.(?:captions?|txt|json)$/i.test(name) && known.has(stemOf(name).toLowerCase()),
  );
  return [...new Set([...names, ...captions])];
}

/** The nearest folder named `<repeats>_<class tokens>`, the data set's own included. */
export function kohyaFolder(root: string, id: string): { repeats: number; classTokens: string } | null {
  for (const name of [basename(root), ...id.split('/').slice(0, -1)].reverse()) {
    const match = /^(\d{1,3})_(.+)$/s.exec(name);
    const repeats = Number(match?.[1]);
    if (match !== null && repeats >= 1 && repeats <= maxRepeats) {
      return { repeats, classTokens: match[2]!.trim().normalize('NFC') };
    }
  }
  return null;
}

function withoutImage(files: readonly string[]): readonly LeftOut[] {
  return leftOut(files, {
    code: 'caption-without-image',
    what: ['caption file', 'caption files'],
    why: 'left out, because no image has its name',
    hint: 'A caption file is named like its image: fox.txt or fox.png.txt for fox.png. Where its image is among those left out, it counts as soon as that can be read.',
  });
}

function besideBetter(files: readonly string[]): readonly LeftOut[] {
  return leftOut(files, {
    code: 'caption-beside-better',
    what: ['caption file', 'caption files'],
    why: 'left out, because its image has one that counts more',
    hint: 'Of several, fox.png.txt counts before fox.txt for fox.png, and .caption before .captions and .txt.',
  });
}
