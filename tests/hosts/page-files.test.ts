import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { decodedSegments, pageFile, within } from '../../electron/hosts/page-files.ts';
import { temporaryFolder } from '../runs/temporary-folder.ts';

function builtPage(): string {
  const folder = path.join(temporaryFolder(), 'page');
  mkdirSync(path.join(folder, 'assets'), { recursive: true });
  writeFileSync(path.join(folder, 'index.html'), '<!doctype html><html><head></head></html>');
  writeFileSync(path.join(folder, 'assets', 'main-1a2b.js'), 'run()');
  writeFileSync(path.join(folder, 'assets', 'notes.txt'), 'no type of ours');
  writeFileSync(path.join(folder, '.built-from'), 'hash');
  writeFileSync(path.join(folder, '..', 'secret.js'), 'outside');
  return folder;
}

test('the page carries a nonce of its own in its head and in its policy', async () => {
  const folder = builtPage();
  const [first, second] = [await pageFile(folder, '/'), await pageFile(folder, '/')];
  const nonceOf = (content: Buffer) =>
    /name="style-nonce" content="([^"]{24})"/.exec(content.toString())?.[1];
  const nonce = nonceOf(first!.content)!;
  expect(first!.headers['Content-Security-Policy']).toContain(`style-src 'self' 'nonce-${nonce}'`);
  expect(first!.headers['Cache-Control']).toBe('no-store');
  expect(nonceOf(second!.content)).not.toBe(nonce);
});

test('what it was built with is kept for good', async () => {
  const file = await pageFile(builtPage(), '/assets/main-1a2b.js');
  expect(file).toMatchObject({ contentType: 'text/javascript; charset=utf-8' });
  expect(file!.headers['Cache-Control']).toContain('immutable');
});

test.each([
  '/../secret.js',
  '/assets/../../secret.js',
  '/%2e%2e/secret.js',
  '/..%2fsecret.js',
  '/..%5csecret.js',
  '/assets/%00.js',
  '/c:/secret.js',
  '//secret.js',
  '/assets//main-1a2b.js',
  '/assets/%zz.js',
  '/assets/notes.txt',
  '/.built-from',
  '/assets',
  '/nothing.js',
  'secret.js',
  '',
])('nothing is there at %j', async (address) => {
  await expect(pageFile(builtPage(), address)).resolves.toBeNull();
});

test('names are decoded once', () => {
  expect(decodedSegments('/a%20b/%E6%97%A5%252e')).toEqual(['a b', '日%2e']);
  expect(within('/page', '/a%20b')).toBe(path.join('/page', 'a b'));
});
