import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect, test } from 'vitest';

import { openLibrary } from '../../electron/library/library.ts';
import { openTagger } from '../../native/captioning/tagger.ts';
import { usualCaptioning } from '../../native/facts/captioning.ts';
import { chooseRuntime } from '../../native/runtime/providers.ts';
import { tinyTagger } from '../captioning/fixtures.ts';
import { fill, picture } from '../datasets/folder.ts';
import { importFolder, openStudio, testFolder } from '../datasets/studio.ts';

const program = fileURLToPath(new URL('killed-studio.ts', import.meta.url));
const images = 1000;
const kinds = 40;
const kills = 10;

/** Runs the studio until so many images have captions, and kills it at once; without a number, until it has ended. */
async function runUntil(library: string, captioned: number | null): Promise<number> {
  const child = spawn(process.execPath, [program, library, tinyTagger], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let told = 0;
  let rest = '';
  const closed = new Promise((resolve) => child.once('close', resolve));
  child.stdout.setEncoding('utf8');
  child.stdout.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) told = Math.max(told, Number(/^\w+ (\d+)$/.exec(line)?.[1] ?? 0));
    if (captioned !== null && told >= captioned) child.kill('SIGKILL');
  });
  await closed;
  expect(child.signalCode).toBe(captioned === null ? null : 'SIGKILL');
  return told;
}

/** What the tagger says of each kind of picture by itself. */
async function sayings(folder: string): Promise<readonly string[]> {
  const runtime = await chooseRuntime({ provider: 'cpu' });
  const files = { model: join(tinyTagger, 'model.onnx'), tags: join(tinyTagger, 'selected_tags.csv') };
  const tagger = await openTagger(runtime, { kind: 'tagger', folder: tinyTagger, ...files });
  const texts: string[] = [];
  for (let kind = 0; kind < kinds; kind++) {
    const prepared = await tagger.prepare(join(folder, `${String(kind).padStart(4, '0')}.png`));
    texts.push(...(await tagger.caption([prepared], { ...usualCaptioning, generalThreshold: 0.1 })));
  }
  await tagger.dispose();
  await runtime.dispose();
  return texts;
}

test(`captioning ${images} images, killed at ${kills} moments, loses no caption and makes none twice`, async () => {
  const top = testFolder();
  const pictures = await Promise.all(Array.from({ length: kinds }, (_, kind) => picture(kind + 1)));
  const folder = await fill(
    join(top, 'set'),
    Object.fromEntries(
      Array.from({ length: images }, (_, at) => [
        `${String(at).padStart(4, '0')}.png`,
        pictures[at % kinds]!,
      ]),
    ),
  );
  const library = join(top, 'library');
  const studio = openStudio(library);
  await importFolder(studio, folder);
  await studio.close();

  for (let kill = 1; kill <= kills; kill++) {
    const told = await runUntil(library, Math.round((kill * images) / (kills + 1)));
    const opened = openLibrary(library);
    const { database } = opened;
    expect(database.pragma('integrity_check', { simple: true })).toBe('ok');
    expect(database.pragma('foreign_key_check')).toEqual([]);
    const count = (sql: string) => database.prepare(sql).pluck().get() as number;
    const captioned = count('SELECT count(*) FROM caption');
    expect(captioned).toBeGreaterThanOrEqual(told);
    expect(count('SELECT captioned FROM caption_set')).toBe(captioned);
    // Each image has its caption or waits for it, and never both.
    expect(captioned + count('SELECT count(*) FROM captioning_image')).toBe(images);
    expect(count('SELECT count(*) FROM caption JOIN captioning_image USING (image_id)')).toBe(0);
    opened.close();
  }
  await runUntil(library, null);

  const opened = openLibrary(library);
  const { database } = opened;
  const texts = database
    .prepare<[], string>('SELECT text FROM image JOIN caption ON image_id = image.id ORDER BY file')
    .pluck()
    .all();
  const expected = await sayings(folder);
  expect(new Set(expected).size).toBeGreaterThan(3);
  expect(texts).toEqual(Array.from({ length: images }, (_, at) => expected[at % kinds]));
  expect(database.prepare('SELECT count(*) FROM caption_set').pluck().get()).toBe(1);
  expect(database.prepare('SELECT count(*) FROM captioning').pluck().get()).toBe(0);
  opened.close();
}, 300_000);
