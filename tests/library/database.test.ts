import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import Database from 'better-sqlite3';
import { describe, expect, onTestFinished, test } from 'vitest';

import { openDatabase } from '../../electron/library/database.ts';
import { migrations } from '../../electron/library/migrations.ts';

function file(): string {
  const folder = mkdtempSync(join(tmpdir(), 'screenfold 日本 ü '));
  onTestFinished(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  return join(folder, 'library.sqlite');
}

describe("the library's database", () => {
  test('is brought to the newest schema once, and opened again as it is', () => {
    const path = file();
    let database = openDatabase(path);
    expect(database.pragma('user_version', { simple: true })).toBe(migrations.length);
    database.prepare("INSERT INTO dataset (name, created_at) VALUES ('one', 1)").run();
    database.close();
    database = openDatabase(path);
    expect(database.prepare('SELECT name FROM dataset').pluck().all()).toEqual(['one']);
    expect(database.pragma('integrity_check', { simple: true })).toBe('ok');
    database.close();
  });

  test('of the second version gets what images are sorted by', () => {
    const path = file();
    const old = new Database(path);
    for (const sql of migrations.slice(0, 2)) old.exec(sql);
    old.pragma('user_version = 2');
    old.exec(`INSERT INTO dataset (name, created_at) VALUES ('one', 1);
      INSERT INTO dataset_source (dataset_id, root, prefix, pending) VALUES (1, '/', '', 0);`);
    const insert =
      old.prepare(`INSERT INTO image (dataset_id, source_id, file, path, width, height, bytes, modified_at,
      content_hash, perceptual_hash, metadata, candidates, search, added_at)
      VALUES (1, 1, ?, '', 1, 1, 1, 1, '', x'', '{}', '[]', '', 1)`);
    for (const name of ['B10.png', 'b9.png', 'a.png']) insert.run(name);
    old.close();
    const database = openDatabase(path);
    const sorted = database.prepare('SELECT file FROM image ORDER BY name_key').pluck().all();
    expect(sorted).toEqual(['a.png', 'b9.png', 'B10.png']);
    expect(database.pragma('integrity_check', { simple: true })).toBe('ok');
    database.close();
  });

  test('survives a power cut: every commit is on the disk when it returns', () => {
    const database = openDatabase(file());
    expect(database.pragma('journal_mode', { simple: true })).toBe('wal');
    expect(database.pragma('synchronous', { simple: true })).toBe(2);
    expect(database.pragma('foreign_keys', { simple: true })).toBe(1);
    database.close();
  });

  test('never gives an id a second time', () => {
    const database = openDatabase(file());
    const add = () =>
      Number(
        database.prepare("INSERT INTO dataset (name, created_at) VALUES ('x', 1)").run().lastInsertRowid,
      );
    const first = add();
    database.prepare('DELETE FROM dataset').run();
    expect(add()).toBeGreaterThan(first);
    database.close();
  });

  test('written by a later version is refused and left as it is', () => {
    const path = file();
    const database = openDatabase(path);
    database.pragma(`user_version = ${migrations.length + 1}`);
    database.close();
    expect(() => openDatabase(path)).toThrow(expect.objectContaining({ code: 'library-newer' }));
  });

  test('that is none is refused, naming the file', () => {
    const path = file();
    writeFileSync(path, 'not a database, but long enough to look at '.repeat(100));
    expect(() => openDatabase(path)).toThrow(expect.objectContaining({ code: 'library-damaged' }));
    expect(() => openDatabase(path)).toThrow(path);
  });
});
