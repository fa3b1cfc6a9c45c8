import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { isAbsolute, join, parse } from 'node:path';

import { expect, test } from 'vitest';

import { browse } from '../../electron/studio/browse.ts';
import { temporaryFolder } from '../runs/temporary-folder.ts';

function someFolders(): string {
  const home = temporaryFolder();
  mkdirSync(join(home, 'Pictures', 'deep'), { recursive: true });
  mkdirSync(join(home, 'sd-1.5'));
  mkdirSync(join(home, '.hidden'));
  for (const file of ['b10.PNG', 'b9.jpg', 'notes.txt', '.secret.png', 'sd-1.5/model_index.json']) {
    writeFileSync(join(home, file), '');
  }
  symlinkSync(join(home, 'Pictures'), join(home, 'also pictures'), 'junction');
  return home;
}

const surroundings = (home: string) => ({ home, platform: process.platform });

test('a folder is listed folders first, in the order people count, without what is hidden', async () => {
  const home = someFolders();
  const listing = await browse(null, surroundings(home));
  expect(listing.folder).toBe(home);
  expect(listing.entries.map(({ name, kind }) => [name, kind])).toEqual([
    ['also pictures', 'folder'],
    ['Pictures', 'folder'],
    ['sd-1.5', 'model'],
    ['b9.jpg', 'image'],
    ['b10.PNG', 'image'],
    ['notes.txt', 'file'],
  ]);
  expect(listing.images).toBe(2);
  expect(listing.shortcuts.map(({ name }) => name).slice(0, 2)).toEqual(['Home', 'Pictures']);
});

test('one can go down and up again, and not beyond the top', async () => {
  const home = someFolders();
  const down = await browse(join(home, 'Pictures'), surroundings(home));
  expect([down.parent, down.entries[0]?.name]).toEqual([home, 'deep']);
  const top = await browse(parse(home).root, surroundings(home));
  expect(top.parent).toBeNull();
});

test.each([
  ['nowhere', 'there is no such folder'],
  ['notes.txt', 'it is not a folder'],
])('%s cannot be listed, and it is said why', async (name, why) => {
  const home = someFolders();
  await expect(browse(join(home, name), surroundings(home))).rejects.toMatchObject({
    code: 'folder-unreadable',
    message: expect.stringContaining(why) as string,
  });
});

test('the folder of a file as well as its entries are given absolutely', async () => {
  const home = someFolders();
  const { entries } = await browse(home, surroundings(home));
  expect(entries.every((entry) => isAbsolute(entry.path))).toBe(true);
});
