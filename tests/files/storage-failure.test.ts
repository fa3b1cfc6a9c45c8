import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';

import { failureData } from '../../electron/contract/failure-data.ts';
import { failureMessage } from '../../native/engine/serve.ts';
import { Failure } from '../../native/failure.ts';
import { asFailure } from '../../native/files/as-failure.ts';
import { writeFailure } from '../../native/files/atomic-file.ts';
import { isDiskFull, storageFailure } from '../../native/files/storage-failure.ts';
import { noSpace } from './no-space.ts';

/** What SQLite says where its file may not grow. */
function databaseFull(): unknown {
  const database = new Database(':memory:');
  try {
    database.exec('CREATE TABLE t (x)');
    database.pragma('max_page_count = 2');
    database.prepare('INSERT INTO t VALUES (zeroblob(100000))').run();
  } catch (error) {
    return error;
  } finally {
    database.close();
  }
  throw new Error('it took what does not fit');
}

describe('a full disk', () => {
  test.each([
    ['the operating system', noSpace('/library/a.png')],
    ['a quota', Object.assign(noSpace('/library/a.png'), { code: 'EDQUOT' })],
    ['SQLite', databaseFull()],
    ['an error that it caused', new Error('could not', { cause: noSpace('/x') })],
  ])('is told from the words of %s', (_who, error) => {
    expect(isDiskFull(error)).toBe(true);
    const failure = storageFailure(error)!;
    expect(failure.code).toBe('disk-full');
    expect(failure.message).toMatch(/^(The disk is full|Your quota on the disk is used up)\.$/);
    expect(failure.hint).toBe('Free some space on it, and try again.');
  });

  test('is said to the page, by the engine and where a file was being written', () => {
    const wanted = { code: 'disk-full', hint: 'Free some space on it, and try again.' };
    expect(failureData(asFailure(databaseFull(), 'internal'))).toMatchObject({
      ...wanted,
      message: 'The disk is full.',
    });
    expect(failureMessage(noSpace('/x'))).toMatchObject({ ...wanted, message: 'The disk is full.' });
    expect(writeFailure('/library/a.png', noSpace('/library/a.png'))).toMatchObject({
      ...wanted,
      message: '/library/a.png could not be written: the disk is full.',
    });
  });

  test('is still one when it has crossed from the engine, and nothing else is', () => {
    expect(isDiskFull(new Failure('disk-full', 'The disk is full.', 'Free some space.'))).toBe(true);
    expect(isDiskFull(new Failure('run-busy', 'It is being trained.', 'Wait.'))).toBe(false);
    expect(storageFailure(new TypeError('x is not a function'))).toBeNull();
    expect(storageFailure(null)).toBeNull();
    try {
      writeFileSync(join('/', 'no', 'such', 'folder', 'file'), '');
    } catch (error) {
      expect(storageFailure(error)).toBeNull();
    }
  });
});

test.each([
  ['EROFS', 'disk-read-only'],
  ['EIO', 'disk-failing'],
  ['ENAMETOOLONG', 'name-too-long'],
])('an error %s is named as what it is', (code, wanted) => {
  expect(storageFailure(Object.assign(noSpace('/x'), { code }), 'The log')).toMatchObject({ code: wanted });
});
