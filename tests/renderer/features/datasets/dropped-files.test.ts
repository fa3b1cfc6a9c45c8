import { describe, expect, test } from 'vitest';

import {
  chosenFiles,
  type Entry,
  givenOf,
  nameOf,
  walk,
} from '../../../../renderer/features/datasets/import/dropped-files.ts';

const file = (name: string) => ({
  isFile: true,
  isDirectory: false,
  name,
  file: (done: (file: File) => void) => {
    done(new File(['x'], name));
  },
});

/** As a browser does, a folder gives its entries in helpings, and none when it is done. */
const folder = (name: string, entries: readonly Entry[], helping = 100) => ({
  isFile: false,
  isDirectory: true,
  name,
  createReader: () => {
    let at = 0;
    return {
      readEntries: (done: (entries: Entry[]) => void) => {
        done(entries.slice(at, at + helping));
        at += helping;
      },
    };
  },
});

describe('walking what was dropped', () => {
  test('finds files at every depth, with their paths', async () => {
    const found = await walk([
      folder('cats', [file('a.png'), folder('old', [file('b.png')])]),
      file('c.png'),
    ]);
    expect(found.map(({ path }) => path)).toEqual(['cats/a.png', 'cats/old/b.png', 'c.png']);
  });

  test('asks a folder for more until it has no more', async () => {
    const many = Array.from({ length: 250 }, (_, at) => file(`${at}.png`));
    expect(await walk([folder('many', many)])).toHaveLength(250);
  });

  test('leaves hidden files and folders out', async () => {
    const found = await walk([
      folder('cats', [file('.DS_Store'), folder('.git', [file('x')]), file('a.png')]),
    ]);
    expect(found.map(({ path }) => path)).toEqual(['cats/a.png']);
  });

  test('fails where a file cannot be read', async () => {
    const broken = {
      ...file('a.png'),
      file: (_done: unknown, failed: (error: Error) => void) => {
        failed(new Error('gone'));
      },
    };
    await expect(walk([broken])).rejects.toThrow('gone');
  });
});

describe('the name of what was dropped', () => {
  const at = (path: string) => ({ path, file: new File([], path) });

  test('is the one folder that holds it', () => {
    expect(nameOf([at('cats/a.png'), at('cats/b/c.png')])).toBe('cats');
  });

  test('is nobody’s where there are several folders, or files without one', () => {
    expect(nameOf([at('cats/a.png'), at('dogs/b.png')])).toBeNull();
    expect(nameOf([at('a.png')])).toBeNull();
    expect(nameOf([])).toBeNull();
  });
});

test('chosen files keep their path below the chosen folder', () => {
  const inFolder = Object.defineProperty(new File([], 'a.png'), 'webkitRelativePath', {
    value: 'cats/a.png',
  });
  const alone = Object.defineProperty(new File([], 'b.png'), 'webkitRelativePath', { value: '' });
  expect(chosenFiles([inFolder, alone]).map(({ path }) => path)).toEqual(['cats/a.png', 'b.png']);
});

test('what was given is the files and folders that were dropped, an empty folder too, a hidden one not', () => {
  const files = ['notes/a.txt', 'notes/sub/b.txt', 'a.zip'].map((path) => ({
    path,
    file: new File([], path),
  }));
  const entry = (name: string, isDirectory: boolean) => ({ name, isDirectory, isFile: !isDirectory });
  const given = [
    { name: 'notes', below: ['a.txt', 'sub/b.txt'] },
    { name: 'a.zip', below: null },
  ];
  expect(givenOf(files)).toEqual(given);
  const entries = [entry('empty', true), entry('.git', true), entry('notes', true), entry('a.zip', false)];
  expect(givenOf(files, entries)).toEqual([{ name: 'empty', below: [] }, ...given]);
});
