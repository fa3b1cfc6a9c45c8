import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import sharp from 'sharp';

import { createDatasets, type Datasets } from '../../electron/datasets/datasets.ts';
import { importWorkers } from '../../electron/datasets/import/import-job.ts';
import { openLibrary } from '../../electron/library/library.ts';
import { emojiFiles, emojiFolder } from './library.ts';

export interface ImportBenchmark {
  readonly images: number;
  /** Images a second by the import: hash, check, thumbnail, perceptual hash, database. */
  readonly importRate: number;
  /** Images a second by a loop that does nothing but make the same thumbnails with as many workers. */
  readonly bareRate: number;
  readonly importRatio: number;
}

/** The sides of the images: what a person's folder has, from small to large. */
const sides = [512, 384, 640, 768] as const;

/**
 * Measures how an import keeps up with a bare sharp loop. Both read the same folders of different JPEG images, in short turns
 * of which each begins as many, so that what else the machine does falls on both. All goes into one library, each folder as
 * a data set of its own.
 * @param images how many
 */
export async function benchImport(images: number): Promise<ImportBenchmark> {
  const folder = mkdtempSync(join(tmpdir(), 'screenfold-bench-'));
  const turns = Math.min(20, images);
  const perTurn = Math.ceil(images / turns);
  const library = openLibrary(join(folder, 'library'));
  const silent = () => undefined;
  const datasets = createDatasets({
    library,
    publish: silent,
    log: { info: silent, warn: silent, error: silent },
    now: Date.now,
  });
  let importSeconds = 0;
  let bareSeconds = 0;
  try {
    for (let turn = 0; turn < turns; turn++) {
      const source = join(folder, `turn ${turn}`);
      await drawImages(source, turn * perTurn, perTurn);
      const bare = async () => {
        bareSeconds += await secondsOf(() => bareLoop(source, join(folder, `bare ${turn}`)));
      };
      const imported = async () => {
        importSeconds += await secondsOf(() => importFolder(datasets, source));
      };
      for (const measure of turn % 2 === 0 ? [bare, imported] : [imported, bare]) await measure();
      rmSync(source, { recursive: true });
    }
  } finally {
    await datasets.close();
    library.close();
    rmSync(folder, { recursive: true, force: true });
  }
  const importRate = (turns * perTurn) / importSeconds;
  const bareRate = (turns * perTurn) / bareSeconds;
  return { images: turns * perTurn, importRate, bareRate, importRatio: importRate / bareRate };
}

/** Emoji, each enlarged, turned a little and on a ground of its own, so that no two files are alike. */
async function drawImages(folder: string, first: number, count: number): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const emoji = emojiFiles();
  await inParallel(count, async (at) => {
    const number = first + at;
    const side = sides[number % sides.length]!;
    const background = {
      r: 155 + (number % 101),
      g: 155 + ((number * 7) % 101),
      b: 155 + ((number * 13) % 101),
    };
    const image = sharp(join(emojiFolder, emoji[number % emoji.length]!))
      .rotate(number % 23, { background: { ...background, alpha: 1 } })
      .resize(side, side, { fit: 'fill' })
      .flatten({ background })
      .jpeg({ quality: 90 });
    await writeFile(join(folder, `${number}.jpg`), await image.toBuffer());
  });
}

async function bareLoop(source: string, target: string): Promise<void> {
  mkdirSync(target);
  const names = readdirSync(source);
  await inParallel(names.length, async (at) => {
    await sharp(join(source, names[at]!))
      .autoOrient()
      .resize(256, 256, { fit: 'inside', withoutEnlargement: true })
      .webp()
      .toFile(join(target, `${at}.webp`));
  });
}

async function importFolder(datasets: Datasets, source: string): Promise<void> {
  const { datasetId } = await datasets.handlers['datasets.import']({
    ...{ paths: [source], uploadId: null, name: null, datasetId: null, fileNamePattern: null, unpack: false },
  });
  await datasets.settled();
  const expected = readdirSync(source).length;
  const { images } = await datasets.handlers['datasets.get']({ datasetId });
  if (images !== expected) throw new Error(`${images} of ${expected} images were imported`);
}

async function inParallel(count: number, work: (at: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: importWorkers }, worker));
}

async function secondsOf(work: () => Promise<void>): Promise<number> {
  const started = performance.now();
  await work();
  return (performance.now() - started) / 1000;
}
