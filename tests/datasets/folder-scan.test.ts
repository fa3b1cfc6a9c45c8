import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { readDataset } from '../../electron/datasets/dataset.ts';
import { readFolderContents } from '../../electron/datasets/files/folder-contents.ts';
import { type ListFolder, scanFolder } from '../../electron/datasets/files/folder-scan.ts';
import { fill, picture } from './folder.ts';
import { filesOf, importFolder, openStudio, testFolder } from './studio.ts';

const list: ListFolder = async (path) => await readdir(path, { encoding: 'buffer' });
const bytes = (text: string) => Buffer.from(text, 'latin1');

describe('a folder', () => {
  test('that is an archive in truth is to be unpacked', async () => {
    const archive = join(testFolder(), 'foxes.zip');
    await writeFile(archive, 'PK');
    await expect(scanFolder(archive)).rejects.toMatchObject({
      code: 'dataset-missing',
      hint: expect.stringMatching(/^Unpack it/) as string,
    });
  });

  test('with one in it that may not be read gives all the others', async () => {
    const folder = await fill(testFolder(), { 'a.png': null, 'lost+found/x': '', 'sub/b.png': null });
    const denied: ListFolder = async (path) => {
      if (path.toString().endsWith('lost+found')) {
        throw Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES' });
      }
      return await list(path);
    };
    const { files, leftOut } = await scanFolder(folder, denied);
    expect(files.map(({ id }) => id)).toEqual(['a.png', 'sub/b.png']);
    expect(leftOut.map(({ files: names, expected }) => [names, expected])).toEqual([[['lost+found'], false]]);
    expect(leftOut[0]?.failure).toMatchObject({
      code: 'folder-unreadable',
      message: expect.stringContaining('1 folder is left out, with all that is in it') as unknown,
    });
  });

  test('that may not be read itself says so', async () => {
    const folder = testFolder();
    const denied: ListFolder = () =>
      Promise.reject(Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES' }));
    await expect(scanFolder(folder, denied)).rejects.toMatchObject({
      code: 'dataset-missing',
      message: expect.stringContaining('permission denied') as unknown,
      hint: expect.stringContaining('permissions') as unknown,
    });
  });

  test('is left at once when that is asked, however much there is in it', async () => {
    const names = Array.from({ length: 40 }, (_, at) => [
      [`${at}/a.png`, null],
      [`${at}/a.txt`, 'a caption'],
    ]);
    const folder = await fill(
      testFolder(),
      Object.fromEntries(names.flat()) as Record<string, string | null>,
    );
    const stop = new AbortController();
    let listed = 0;
    const stopping: ListFolder = async (path) => {
      if (++listed === 3) stop.abort();
      return await list(path);
    };
    await expect(scanFolder(folder, stopping, stop.signal)).rejects.toMatchObject({ name: 'AbortError' });
    expect(listed).toBe(3);
    const { files } = await scanFolder(folder);
    await expect(readFolderContents(folder, files, null, stop.signal)).rejects.toMatchObject({
      name: 'AbortError',
    });
  });

  test('with links that lead nowhere or in a circle tells of them', async () => {
    const folder = await fill(testFolder(), { 'a.png': null });
    await symlink(join(folder, 'gone.png'), join(folder, 'b.png'));
    await symlink(join(folder, 'c.png'), join(folder, 'c.png'));
    const { files, leftOut } = await scanFolder(folder);
    expect(files.map(({ id }) => id)).toEqual(['a.png']);
    expect(leftOut.map(({ files: names, failure }) => [failure.code, ...names])).toEqual([
      ['file-unreachable', 'b.png', 'c.png'],
    ]);
  });
});

// Other systems have no such names.
describe.runIf(process.platform === 'linux')('names that are not UTF-8', () => {
  async function withForeignNames(): Promise<string> {
    const folder = await fill(testFolder(), { 'a.png': null });
    const path = (...parts: readonly Buffer[]) =>
      Buffer.concat([
        Buffer.from(`${folder}/`),
        ...parts.flatMap((part, at) => (at > 0 ? [bytes('/'), part] : [part])),
      ]);
    await writeFile(path(bytes('f\xfcchse.png')), await picture());
    await mkdir(path(bytes('B\xe4ren')));
    await writeFile(path(bytes('B\xe4ren'), bytes('b.png')), await picture());
    await writeFile(path(bytes('B\xe4ren'), bytes('b.txt')), 'a bear');
    return folder;
  }

  test('are told with what is below them, and cost nothing else', async () => {
    const dataset = await readDataset(await withForeignNames());
    expect(dataset.images.map(({ id }) => id)).toEqual(['a.png']);
    const [misnamed] = dataset.leftOut;
    expect([...misnamed!.files].sort()).toEqual(['B\\xE4ren/b.png', 'B\\xE4ren/b.txt', 'f\\xFCchse.png']);
    expect(misnamed?.failure).toMatchObject({
      code: 'name-encoding',
      message: expect.stringContaining('3 files are left out because of a name that is not UTF-8') as unknown,
      hint: expect.stringContaining('convmv') as unknown,
    });
  });

  test('are told in the studio', async () => {
    const studio = openStudio();
    const datasetId = await importFolder(studio, await withForeignNames());
    expect(await filesOf(studio, datasetId)).toEqual(['a.png']);
    const [problem] = await studio.call('datasets.problems', { datasetId });
    expect(problem).toMatchObject({ files: 3, failure: { code: 'name-encoding' }, expected: false });
    expect([...problem!.names].sort()).toContain('f\\xFCchse.png');
  });
});
