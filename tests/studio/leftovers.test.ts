import { existsSync, mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import Database from 'better-sqlite3';
import { expect, test } from 'vitest';

import { lockLibrary } from '../../electron/library/library-lock.ts';
import { migrations } from '../../electron/library/migrations.ts';
import { takePartial } from '../../electron/library/partial-folder.ts';
import { picture } from '../datasets/folder.ts';
import { temporaryFolder } from '../runs/temporary-folder.ts';
import { openStudio } from './open-studio.ts';

function write(...parts: readonly string[]): string {
  const file = join(...parts);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, 'half');
  return file;
}

/** A file in what a killed export leaves. */
async function marked(output: string): Promise<string> {
  mkdirSync(dirname(output), { recursive: true });
  const held = await takePartial(output);
  held!.release();
  return write(held!.path, 'anything');
}

async function imported(libraryFolder: string, uploadId: string): Promise<void> {
  const { client, studio } = await openStudio({ libraryFolder });
  const file = write(libraryFolder, 'uploads', uploadId, 'a.png');
  writeFileSync(file, await picture(1));
  const { datasetId } = await client.call('datasets.import', { uploadId });
  await expect
    .poll(async () => await client.call('datasets.get', { datasetId }), { timeout: 20_000 })
    .toMatchObject({ importing: false, images: 1 });
  await studio.close();
}

test('what was half made, and uploads never imported, are gone at the next start; all else stays', async () => {
  const libraryFolder = temporaryFolder();
  await imported(libraryFolder, 'aaaaaaaa-1');
  const gone = [
    write(libraryFolder, 'exports', '.fox, epoch 1.partial', 'fox, epoch 1', 'unet', 'config.json'),
    write(libraryFolder, 'exports', '.old.safetensors.partial', 'old.safetensors.partial-0123456789ab'),
    await marked(join(libraryFolder, 'exports', 'new')),
    await marked(join(libraryFolder, 'runs', '7', 'exports', 'new.safetensors')),
    write(libraryFolder, 'exports', 'sheet.png.partial-0123456789ab'),
    write(libraryFolder, 'runs', '7', 'run.lock.partial-0123456789ab'),
    write(libraryFolder, 'runs', '7', 'outcome.json.partial-0123456789ab'),
    write(libraryFolder, 'runs', '7', 'exports', 'fox.partial-0123456789ab', 'config.json'),
    write(libraryFolder, 'uploads', 'bbbbbbbb-2', 'never.png'),
  ];
  const stays = [
    write(libraryFolder, 'exports', 'my.partial.png'),
    write(libraryFolder, 'exports', '.mine.partial'),
    write(libraryFolder, 'exports', '.diary.partial', 'monday.txt'),
    write(libraryFolder, 'exports', '.fox.partial', 'fox', 'unet', 'config.json'),
    write(libraryFolder, 'exports', '.fox.partial', 'fox', 'my notes.md'),
    write(libraryFolder, 'exports', 'fox.partial-0123456789ab', 'my notes.md'),
    write(libraryFolder, 'runs', '7', 'exports', '.fox.safetensors.partial', '.lock'),
    write(libraryFolder, 'exports', 'fox, epoch 2', 'model_index.json'),
    write(libraryFolder, 'runs', '7', 'metrics.jsonl'),
    // Perhaps an engine that outlived the studio is writing it.
    write(libraryFolder, 'runs', '7', 'checkpoints', 'epoch-0001.partial-0123456789ab', 'unet'),
    join(libraryFolder, 'uploads', 'aaaaaaaa-1', 'a.png'),
  ];
  // A run, whose data set is gone, was made of this one.
  writeFileSync(
    write(libraryFolder, 'runs', '8', 'run.json'),
    JSON.stringify({ image: '/x/uploads/cccccccc-3/a.png' }),
  );
  stays.push(write(libraryFolder, 'uploads', 'cccccccc-3', 'a.png'));
  await openStudio({ libraryFolder });
  expect(gone.filter((file) => existsSync(file))).toEqual([]);
  expect(stays.filter((file) => !existsSync(file))).toEqual([]);
});

test('a library that was moved keeps what was sent to it', async () => {
  const [before, after] = [join(temporaryFolder(), 'old'), join(temporaryFolder(), 'new')];
  await imported(before, 'aaaaaaaa-1');
  renameSync(before, after);
  await openStudio({ libraryFolder: after });
  expect(existsSync(join(after, 'uploads', 'aaaaaaaa-1', 'a.png'))).toBe(true);
});

test('an export that was whole when the studio died is ready, another one failed', async () => {
  const libraryFolder = temporaryFolder();
  const first = await openStudio({ libraryFolder });
  await first.studio.close();
  const elsewhere = temporaryFolder();
  const whole = join(elsewhere, 'whole model');
  write(whole, 'unet', 'weights');
  const half = join(elsewhere, 'half.safetensors');
  const left = [
    write(elsewhere, '.half.safetensors.partial', 'half.safetensors'),
    write(elsewhere, 'half.safetensors.partial-0123456789ab'),
  ];
  const others = [write(elsewhere, '.other.partial', 'x'), write(elsewhere, 'other.partial-0123456789ab')];
  const database = new Database(join(libraryFolder, 'library.sqlite'));
  const insert = database.prepare(
    "INSERT INTO export (kind, status, title, path, created_at) VALUES (?, 'running', ?, ?, 1)",
  );
  insert.run('diffusers', 'whole', whole);
  insert.run('lora', 'half', half);
  database.close();
  const { client } = await openStudio({ libraryFolder });
  const exports = await client.call('exports.list', {});
  expect(exports).toMatchObject([
    { title: 'half', status: 'failed', failure: { code: 'export-interrupted' } },
    { title: 'whole', status: 'ready', bytes: 4, failure: null },
  ]);
  expect(left.filter((file) => existsSync(file))).toEqual([]);
  expect(others.every((file) => existsSync(file))).toBe(true);
});

test('a library is brought to a newer form by whoever has it alone', async () => {
  const libraryFolder = temporaryFolder();
  const file = join(libraryFolder, 'library.sqlite');
  const old = new Database(file);
  for (const sql of migrations.slice(0, 2)) old.exec(sql);
  old.pragma('user_version = 2');
  old.close();
  const version = () => {
    const database = new Database(file, { readonly: true });
    try {
      return database.pragma('user_version', { simple: true });
    } finally {
      database.close();
    }
  };
  const unlock = lockLibrary(libraryFolder);
  await expect(openStudio({ libraryFolder })).rejects.toMatchObject({ code: 'library-in-use' });
  expect(version()).toBe(2);
  unlock();
  await openStudio({ libraryFolder });
  expect(version()).toBe(migrations.length);
});

test.skipIf(process.platform === 'win32')('an upload that is a link is not imported', async () => {
  const { client, studio } = await openStudio();
  const elsewhere = temporaryFolder();
  writeFileSync(join(elsewhere, 'mine.png'), await picture(1));
  symlinkSync(elsewhere, join(studio.uploads, 'dddddddd-4'));
  await expect(client.call('datasets.import', { uploadId: 'dddddddd-4' })).rejects.toMatchObject({
    code: 'upload-unknown',
  });
});
