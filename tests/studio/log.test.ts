import { existsSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { createLog } from '../../electron/studio/log.ts';
import { temporaryFolder } from '../runs/temporary-folder.ts';

test('a line is in the file and in memory when it has been said', () => {
  const folder = temporaryFolder();
  const log = createLog(folder, () => 1234);
  log.info('It opens');
  log.error('It broke', new Error('because'));
  const [first, second] = readFileSync(log.file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as object);
  expect(first).toEqual({ level: 30, time: 1234, msg: 'It opens' });
  expect(second).toMatchObject({
    level: 50,
    msg: expect.stringMatching(/^It broke: Error: because\n {4}at /) as string,
  });
  expect(log.recent(1)).toEqual([
    { time: 1234, level: 'error', message: expect.stringContaining('It broke') as string },
  ]);
  log.close();
});

test('only the newest lines stay in memory', () => {
  const log = createLog(temporaryFolder(), () => 0);
  for (let at = 0; at < 5001; at++) log.info(String(at));
  const lines = log.recent(10_000);
  expect([lines.length, lines[0]!.message, lines.at(-1)!.message]).toEqual([5000, '1', '5000']);
  log.close();
});

test('a file that has grown large is set aside', () => {
  const folder = temporaryFolder();
  const file = join(folder, 'screenfold.log');
  writeFileSync(file, 'old');
  truncateSync(file, 9 * 1024 * 1024);
  createLog(folder, () => 0).close();
  expect(existsSync(`${file}.1`)).toBe(true);
  expect(readFileSync(file, 'utf8')).toBe('');
});

test('what is said after it was closed is kept in memory, and throws nothing', () => {
  const log = createLog(temporaryFolder(), () => 0);
  log.info('It closes');
  log.close();
  const written = readFileSync(log.file, 'utf8');
  log.error('datasets.list failed', new Error('the database is closed'));
  expect(log.recent(1)[0]!.message).toContain('datasets.list failed');
  expect(readFileSync(log.file, 'utf8')).toBe(written);
});
