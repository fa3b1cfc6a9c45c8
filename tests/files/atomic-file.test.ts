import { lstat, mkdir, mkdtemp, readdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import {
  removeAbandonedWrites,
  removeFolderAtomic,
  removePartialWrites,
  replaceFolderAtomic,
  writeFileAtomic,
  writeFolderAtomic,
  writeNewFileAtomic,
} from '../../native/files/atomic-file.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'screenfold-atomic 日本 ü '));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

describe('writeFileAtomic', () => {
  test('replaces a file and leaves nothing else behind', async () => {
    const path = join(folder, 'notes.txt');
    await writeFileAtomic(path, 'old');
    await writeFileAtomic(path, new TextEncoder().encode('new ü'));
    expect(await readFile(path, 'utf8')).toBe('new ü');
    expect(await readdir(folder)).toEqual(['notes.txt']);
  });

  test('shows the old content until the last byte of the new is written', async () => {
    const path = join(folder, 'notes.txt');
    await writeFile(path, 'old');
    await writeFileAtomic(path, async (file) => {
      await file.writeFile('ne');
      expect(await readFile(path, 'utf8')).toBe('old');
      await file.writeFile('w');
    });
    expect(await readFile(path, 'utf8')).toBe('new');
  });

  test('keeps the old file and passes the error on when the content cannot be made', async () => {
    const path = join(folder, 'notes.txt');
    await writeFile(path, 'old');
    const broken = new Error('half-way');
    await expect(writeFileAtomic(path, () => Promise.reject(broken))).rejects.toBe(broken);
    expect(await readFile(path, 'utf8')).toBe('old');
    expect(await readdir(folder)).toEqual(['notes.txt']);
  });

  test('names the file and what to do when the folder is not there', async () => {
    const path = join(folder, 'missing', 'notes.txt');
    await expect(writeFileAtomic(path, 'x')).rejects.toMatchObject({
      code: 'write-failed',
      message: expect.stringContaining(path) as string,
      hint: 'The folder it belongs in is not there: create it, or choose another.',
    });
  });
});

describe('writeNewFileAtomic', () => {
  test('writes a file that is not there, and leaves nothing else behind', async () => {
    expect(await writeNewFileAtomic(join(folder, 'fox.txt'), 'a fox')).toBe(true);
    expect(await readFile(join(folder, 'fox.txt'), 'utf8')).toBe('a fox');
    expect(await readdir(folder)).toEqual(['fox.txt']);
  });

  test('leaves a file and a link that leads nowhere as they are', async () => {
    await writeFile(join(folder, 'file.txt'), 'by hand');
    await symlink(join(folder, 'nowhere'), join(folder, 'link.txt'));
    expect(await writeNewFileAtomic(join(folder, 'file.txt'), 'new')).toBe(false);
    expect(await writeNewFileAtomic(join(folder, 'link.txt'), 'new')).toBe(false);
    expect(await readFile(join(folder, 'file.txt'), 'utf8')).toBe('by hand');
    expect((await lstat(join(folder, 'link.txt'))).isSymbolicLink()).toBe(true);
    expect((await readdir(folder)).sort()).toEqual(['file.txt', 'link.txt']);
  });

  test('fails where a folder has the name, or there is none for it to lie in', async () => {
    await mkdir(join(folder, 'fox.txt'));
    for (const path of [join(folder, 'fox.txt'), join(folder, 'gone', 'fox.txt')]) {
      const refusal = { code: 'write-failed', message: expect.stringContaining(path) as string };
      await expect(writeNewFileAtomic(path, 'new')).rejects.toMatchObject(refusal);
    }
    expect(await readdir(folder)).toEqual(['fox.txt']);
  });
});

describe('writeFolderAtomic', () => {
  test('makes the folder, and its parents, only when it is filled', async () => {
    const path = join(folder, 'runs', 'first');
    await writeFolderAtomic(path, async (partial) => {
      await mkdir(join(partial, 'unet'));
      await writeFile(join(partial, 'unet', 'config.json'), '{}');
      expect(await readdir(join(folder, 'runs'))).not.toContain('first');
    });
    expect(await readdir(join(folder, 'runs'))).toEqual(['first']);
    expect(await readFile(join(path, 'unet', 'config.json'), 'utf8')).toBe('{}');
  });

  test('leaves nothing when filling it fails', async () => {
    const broken = new Error('half-way');
    const filled = writeFolderAtomic(join(folder, 'model'), async (partial) => {
      await writeFile(join(partial, 'config.json'), '{}');
      throw broken;
    });
    await expect(filled).rejects.toBe(broken);
    expect(await readdir(folder)).toEqual([]);
  });

  test('refuses a name that is taken', async () => {
    await mkdir(join(folder, 'model'));
    const filled = writeFolderAtomic(join(folder, 'model'), () => Promise.resolve());
    await expect(filled).rejects.toMatchObject({ code: 'output-exists' });
  });
});

describe('replaceFolderAtomic', () => {
  const path = () => join(folder, 'pack');
  const filledWith = (text: string) => (partial: string) => writeFile(join(partial, `${text}.txt`), text);

  test('keeps what is there until the new is whole, and nothing of it after', async () => {
    await replaceFolderAtomic(path(), filledWith('old'));
    await replaceFolderAtomic(path(), async (partial) => {
      await filledWith('new')(partial);
      expect(await readdir(path())).toEqual(['old.txt']);
    });
    expect(await readdir(path())).toEqual(['new.txt']);
    expect(await readdir(folder)).toEqual(['pack']);
  });

  test('leaves what is there when filling it fails', async () => {
    await replaceFolderAtomic(path(), filledWith('old'));
    const filled = replaceFolderAtomic(path(), async (partial) => {
      await filledWith('new')(partial);
      throw new Error('half-way');
    });
    await expect(filled).rejects.toThrow('half-way');
    expect(await readdir(path())).toEqual(['old.txt']);
    expect(await readdir(folder)).toEqual(['pack']);
  });
});

test('removeFolderAtomic leaves nothing, and minds nothing that is not there', async () => {
  await mkdir(join(folder, 'pack', 'inner'), { recursive: true });
  await removeFolderAtomic(join(folder, 'pack'));
  await removeFolderAtomic(join(folder, 'pack'));
  expect(await readdir(folder)).toEqual([]);
});

test('clears away what nobody has written to for minutes, where others may be writing', async () => {
  const [old, fresh] = ['a.txt.partial-0123456789ab', 'b.txt.partial-ba9876543210'];
  const hourAgo = new Date(Date.now() - 3_600_000);
  for (const name of [old, fresh, 'c.partial-work', 'd.txt']) await writeFile(join(folder, name), 'half');
  await mkdir(join(folder, 'model.partial-0123456789ab'));
  for (const name of [old, 'c.partial-work', 'd.txt', 'model.partial-0123456789ab'])
    await utimes(join(folder, name), hourAgo, hourAgo);
  await removeAbandonedWrites(folder);
  const left = ['b.txt.partial-ba9876543210', 'c.partial-work', 'd.txt', 'model.partial-0123456789ab'];
  expect((await readdir(folder)).sort()).toEqual(left);
  await removeAbandonedWrites(join(folder, 'not there'));
});

test('clears away what killed writers left, and nothing else', async () => {
  await mkdir(join(folder, 'epoch-0005.partial-0123456789ab'));
  await writeFile(join(folder, 'epoch-0005.partial-0123456789ab', 'config.json'), '{}');
  await writeFile(join(folder, 'state.json.partial-ba9876543210'), '{');
  await writeFile(join(folder, 'my.partial-work'), 'kept');
  const removed = await removePartialWrites(folder);
  expect([...removed].sort()).toEqual(['epoch-0005.partial-0123456789ab', 'state.json.partial-ba9876543210']);
  expect(await readdir(folder)).toEqual(['my.partial-work']);
});
