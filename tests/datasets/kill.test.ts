import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect, test } from 'vitest';

import { openLibrary } from '../../electron/library/library.ts';
import { noise } from '../images/pictures.ts';
import { fill } from './folder.ts';
import { filesOf, openStudio, testFolder } from './studio.ts';

const program = fileURLToPath(new URL('killed-studio.ts', import.meta.url));
const images = 600;

/** Runs the studio until a line says so, kills it at once, and gives all lines. */
async function killedAt(library: string, folder: string, when: (line: string) => boolean): Promise<string[]> {
  const child = spawn(process.execPath, [program, library, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  let read = 0;
  const closed = new Promise((resolve) => child.once('close', resolve));
  child.stdout.setEncoding('utf8');
  child.stdout.on('data', (chunk: string) => {
    text += chunk;
    const whole = text.lastIndexOf('\n') + 1;
    const fresh = text.slice(read, whole).split('\n').slice(0, -1);
    read = whole;
    if (fresh.some(when)) child.kill('SIGKILL');
  });
  await closed;
  expect(child.signalCode).toBe('SIGKILL');
  return text.split('\n').slice(0, -1);
}

test('a studio killed while importing and while captions are written loses nothing it has answered', async () => {
  const top = testFolder();
  const picture = await noise(32, 32).png().toBuffer();
  const names = Array.from({ length: images }, (_, at) => `${String(at).padStart(4, '0')}.png`);
  const folder = await fill(join(top, 'set'), Object.fromEntries(names.map((name) => [name, picture])));
  const library = join(top, 'library');

  const importing = await killedAt(library, folder, (line) => /^images [1-9]/.test(line));
  const told = Math.max(...importing.map((line) => Number(/^images (\d+)/.exec(line)?.[1] ?? 0)));
  let opened = openLibrary(library);
  expect(opened.database.pragma('integrity_check', { simple: true })).toBe('ok');
  expect(opened.database.pragma('foreign_key_check')).toEqual([]);
  const kept = opened.database.prepare('SELECT count(*) FROM image').pluck().get() as number;
  expect(kept).toBeGreaterThanOrEqual(told);
  expect(kept).toBe(opened.database.prepare('SELECT images FROM dataset').pluck().get());
  opened.close();

  const writing = await killedAt(library, folder, (line) => /^caption \d+ \d+ 25$/.test(line));
  opened = openLibrary(library);
  expect(opened.database.pragma('integrity_check', { simple: true })).toBe('ok');
  for (const line of writing.filter((one) => one.startsWith('caption '))) {
    const [set, image, count] = line.split(' ').slice(1).map(Number);
    const text = opened.database
      .prepare('SELECT text FROM caption WHERE caption_set_id = ? AND image_id = ?')
      .pluck()
      .get(set, image);
    expect(text).toBe(`text ${count!}`);
  }
  opened.close();

  const studio = openStudio(library);
  await studio.datasets.settled();
  const [dataset] = await studio.call('datasets.list', {});
  expect(await filesOf(studio, dataset!.id)).toEqual(names);
  expect(dataset).toMatchObject({ images, importing: false });
  // The change after the last that was answered may be in the database too.
  const { undone } = await studio.call('datasets.undo', { datasetId: dataset!.id });
  expect(undone).toBe("Caption in 'Set'");
  expect(readdirSync(join(library, 'thumbnails', 'partial'))).toEqual([]);
}, 60_000);
