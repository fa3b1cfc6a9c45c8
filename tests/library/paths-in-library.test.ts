import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import Database from 'better-sqlite3';
import { expect, test } from 'vitest';

import { openDatabase } from '../../electron/library/database.ts';
import { datasetTables } from '../../electron/library/migrations/01-datasets.ts';
import { runTables } from '../../electron/library/migrations/02-runs.ts';
import { naturalNames } from '../../electron/library/migrations/03-natural-names.ts';
import { nameKey } from '../../electron/library/name-key.ts';
import { temporaryFolder } from '../runs/temporary-folder.ts';

interface OldRows {
  readonly runs?: readonly string[];
  readonly samples?: readonly { readonly bench: number; readonly file: string }[];
  readonly models?: readonly { readonly kind: string; readonly folder: string }[];
  readonly exports?: readonly string[];
  readonly sources?: readonly string[];
}

/** A library whose database has the schema and the rows of the third version, and these files. */
function oldLibrary(rows: OldRows, files: readonly string[] = []): string {
  const library = join(temporaryFolder(), 'library');
  for (const name of ['library.sqlite', ...files]) {
    mkdirSync(dirname(join(library, name)), { recursive: true });
    if (name !== 'library.sqlite') writeFileSync(join(library, name), '');
  }
  const database = new Database(join(library, 'library.sqlite'));
  database.function('name_key_of', (name) => nameKey(String(name)));
  for (const sql of [datasetTables, runTables, naturalNames]) database.exec(sql);
  database.pragma('user_version = 3');
  for (const folder of rows.runs ?? []) {
    database
      .prepare(
        `INSERT INTO run (name, status, dataset_name, caption_set_name, base_name, method, request, plan, folder, prompts,
           seeds, epochs, steps, created_at)
         VALUES ('fox', 'finished', '', '', '', 'full', '{}', '{}', ?, '[]', '[]', 1, 1, 1)`,
      )
      .run(folder);
  }
  for (const { bench, file } of rows.samples ?? []) {
    database
      .prepare(
        `INSERT INTO sample (bench, prompt, negative_prompt, seed, recipe, file, status, created_at)
         VALUES (?, '', '', 1, '{}', ?, 'queued', 1)`,
      )
      .run(bench, file);
  }
  for (const { kind, folder } of rows.models ?? []) {
    database
      .prepare(
        `INSERT INTO model (kind, name, folder, resolution, pixel_step, prediction, components, bytes, created_at)
         VALUES (?, 'fox', ?, 64, 8, 'epsilon', '[]', 1, 1)`,
      )
      .run(kind, folder);
  }
  for (const path of rows.exports ?? []) {
    database
      .prepare(
        "INSERT INTO export (kind, status, title, path, created_at) VALUES ('sheet', 'ready', '', ?, 1)",
      )
      .run(path);
  }
  if (rows.sources) database.exec("INSERT INTO dataset (name, created_at) VALUES ('foxes', 1)");
  for (const [index, root] of (rows.sources ?? []).entries()) {
    database
      .prepare('INSERT INTO dataset_source (dataset_id, root, prefix) VALUES (1, ?, ?)')
      .run(root, `${index}/`);
  }
  database.close();
  return library;
}

function columnOf(library: string, table: string, column: string): unknown {
  const database = openDatabase(join(library, 'library.sqlite'));
  const values = database.prepare(`SELECT ${column} FROM ${table} ORDER BY id`).pluck().all();
  expect(database.pragma('integrity_check', { simple: true })).toBe('ok');
  database.close();
  return values;
}

test('runs and pictures are of the library, whether they are there or not, however often it was moved', () => {
  const library = oldLibrary({
    runs: ['/old/lib/runs/1', '/older/lib/runs/2', '/old/lib/runs'],
    samples: [
      { bench: 0, file: '/old/lib/runs/1/samples/epoch-0001/a fox.png' },
      { bench: 1, file: '/oldest/pictures/2.png' },
      { bench: 1, file: '' },
    ],
  });
  expect(columnOf(library, 'run', 'folder')).toEqual(['runs/1', 'runs/2', 'runs']);
  expect(columnOf(library, 'sample', 'file')).toEqual([
    'runs/1/samples/epoch-0001/a fox.png',
    'pictures/2.png',
    '',
  ]);
});

test('a library from another system has its paths, too', () => {
  const library = oldLibrary(
    {
      runs: ['C:\\Users\\Ö\\Screenfold\\runs\\1'],
      exports: ['C:\\Users\\Ö\\Screenfold\\exports\\a.png', 'D:\\b.png'],
    },
    ['exports/a.png'],
  );
  expect(columnOf(library, 'run', 'folder')).toEqual(['runs/1']);
  expect(columnOf(library, 'export', 'path')).toEqual(['exports/a.png', 'D:\\b.png']);
});

test('what was elsewhere stays there, found or not; what is found in the library is of it', () => {
  const library = oldLibrary(
    {
      runs: ['/old/lib/runs/1'],
      exports: ['/old/lib/exports/a.png', '/old/lib/exports/gone.png', '/home/me/exports/a.png'],
      sources: [
        '/old/lib/uploads/aaaaaaaa-1/foxes',
        '/old/lib/uploads/gone',
        '/home/me/uploads/x',
        '/old/library 2/photos',
      ],
    },
    ['exports/a.png', 'uploads/aaaaaaaa-1/foxes/a.png'],
  );
  expect(columnOf(library, 'export', 'path')).toEqual([
    'exports/a.png',
    '/old/lib/exports/gone.png',
    '/home/me/exports/a.png',
  ]);
  expect(columnOf(library, 'dataset_source', 'root')).toEqual([
    'uploads/aaaaaaaa-1/foxes',
    '/old/lib/uploads/gone',
    '/home/me/uploads/x',
    '/old/library 2/photos',
  ]);
});

test('uploads tell where a library was that has nothing else', () => {
  const library = oldLibrary({ sources: ['/old/lib/uploads/aaaaaaaa-1', '/home/me/uploads/photos'] }, [
    'uploads/aaaaaaaa-1/a.png',
  ]);
  expect(columnOf(library, 'dataset_source', 'root')).toEqual([
    'uploads/aaaaaaaa-1',
    '/home/me/uploads/photos',
  ]);
});

test('a kept model that was added again from where it lies now is there once', () => {
  const files = ['models/fox/model_index.json'];
  const library = oldLibrary({ models: [{ kind: 'finetune', folder: '/old/lib/models/fox' }] }, files);
  expect(columnOf(library, 'model', 'folder')).toEqual(['models/fox']);

  const twice = oldLibrary({ models: [{ kind: 'finetune', folder: '/old/lib/models/fox' }] }, files);
  const database = new Database(join(twice, 'library.sqlite'));
  database
    .prepare(
      `INSERT INTO model (kind, name, folder, resolution, pixel_step, prediction, components, bytes, created_at)
       VALUES ('folder', 'fox', ?, 64, 8, 'epsilon', '[]', 1, 1), ('embedded', 'seedling', '/app/seedling', 64, 8,
         'epsilon', '[]', 1, 1)`,
    )
    .run(join(twice, 'models', 'fox'));
  database.close();
  expect(columnOf(twice, 'model', 'folder')).toEqual([
    'models/fox',
    join(twice, 'models', 'fox'),
    '/app/seedling',
  ]);
});
