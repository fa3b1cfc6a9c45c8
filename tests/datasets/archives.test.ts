import { createWriteStream, readdirSync, writeFileSync } from 'node:fs';
import { cp, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

import { describe, expect, test } from 'vitest';
import { ZipFile } from 'yazl';

import { unpackArchive } from '../../electron/datasets/files/unpack-archive.ts';
import { picture } from './folder.ts';
import { filesOf, openStudio, testFolder } from './studio.ts';

async function writeZip(path: string, files: Readonly<Record<string, string | Uint8Array>>): Promise<string> {
  const zip = new ZipFile();
  for (const [name, content] of Object.entries(files)) zip.addBuffer(Buffer.from(content), name);
  zip.end();
  await pipeline(zip.outputStream, createWriteStream(path));
  return path;
}

describe('an archive of images', () => {
  test('is unpacked into the library, and becomes a data set with what came beside the images', async () => {
    const archive = await writeZip(join(testFolder(), 'foxes.zip'), {
      'images/red fox.png': await picture(1),
      'images/red fox.txt': 'a red fox',
      'images/deep/grey.png': await picture(2),
      'images/.hidden.png': await picture(3),
      '__MACOSX/images/._red fox.png': 'x',
      'setup.exe': 'MZ',
      'model.safetensors': 'x',
    });
    const studio = openStudio();
    const { datasetId } = await studio.call('datasets.import', { paths: [archive], unpack: true });
    await studio.datasets.settled();

    expect(await studio.call('datasets.get', { datasetId })).toMatchObject({
      ...{ name: 'foxes', images: 2, problems: 0, captionSets: 1 },
    });
    expect(await filesOf(studio, datasetId)).toEqual(['images/deep/grey.png', 'images/red fox.png']);
    const uploads = studio.library.paths.uploads;
    expect(readdirSync(uploads)).toHaveLength(1);
    await studio.call('datasets.remove', { datasetId });
    expect(readdirSync(uploads)).toEqual([]);
    expect((await readFile(archive)).length).toBeGreaterThan(0);
  });

  test('is unpacked where the browser sent it, and what was sent goes; two make one data set', async () => {
    const folder = testFolder();
    const studio = openStudio();
    const { uploads } = studio.library.paths;
    await mkdir(join(uploads, 'sent-1234'), { recursive: true });
    for (const [place, name] of ['a.zip', 'b.ZIP'].entries())
      await cp(
        await writeZip(join(folder, name), { 'one.png': await picture(place) }),
        join(uploads, 'sent-1234', name),
      );
    const { datasetId } = await studio.call('datasets.import', { uploadId: 'sent-1234', unpack: true });
    await studio.datasets.settled();
    expect(await filesOf(studio, datasetId)).toEqual(['a/one.png', 'b/one.png']);
    expect(readdirSync(uploads)).toHaveLength(1);
    expect(readdirSync(uploads)).not.toContain('sent-1234');
  });

  test('keeps all it holds: of one name both, and what is sent beside it', async () => {
    const folder = testFolder();
    const studio = openStudio();
    const { uploads } = studio.library.paths;
    await mkdir(join(uploads, 'sent-1234'), { recursive: true });
    const zip = await writeZip(join(folder, 'a.zip'), {
      './fox.png': await picture(1),
      'fox.PNG': await picture(2),
      'fox.txt': 'one',
    });
    for (const name of ['a.zip', 'a 2.zip', '.zip']) await cp(zip, join(uploads, 'sent-1234', name));
    writeFileSync(join(uploads, 'sent-1234', 'beside.png'), await picture(3));
    const other = await writeZip(join(testFolder(), 'A.zip'), { 'owl.png': await picture(4) });
    const { datasetId } = await studio.call('datasets.import', {
      ...{ paths: [other], uploadId: 'sent-1234', unpack: true },
    });
    await studio.datasets.settled();
    const files = await filesOf(studio, datasetId);
    expect(files.filter((file) => file.startsWith('a/')).sort()).toEqual(['a/fox (2).PNG', 'a/fox.png']);
    expect(files.filter((file) => file.endsWith('owl.png'))).toHaveLength(1);
    expect(files).toContain('beside.png');
    expect(files).toHaveLength(8);
  });

  test('keeps a file that is called as a folder is, and names an archive in it among what could not be used', async () => {
    const archive = await writeZip(join(testFolder(), 'odd.zip'), {
      'Fox.png': await picture(1),
      'fox.png/deep.png': await picture(2),
      'more.zip': 'PK',
    });
    const studio = openStudio();
    const { datasetId } = await studio.call('datasets.import', { paths: [archive], unpack: true });
    await studio.datasets.settled();
    expect(await filesOf(studio, datasetId)).toEqual(['Fox (2).png', 'fox.png/deep.png']);
    expect(JSON.stringify(await studio.call('datasets.problems', { datasetId }))).toContain('more.zip');
  });

  test('leaves nothing where the import fails after it; without one, nothing is unpacked', async () => {
    const folder = testFolder();
    const studio = openStudio();
    const { uploads } = studio.library.paths;
    const archive = await writeZip(join(folder, 'a.zip'), { 'one.png': await picture(1) });
    for (const wrong of [
      { datasetId: 99 },
      { fileNamePattern: '{{{' },
      { paths: [archive, join(folder, 'gone')] },
    ])
      await expect(
        studio.call('datasets.import', { paths: [archive], unpack: true, ...wrong }),
      ).rejects.toThrow();
    await expect(studio.call('datasets.import', { paths: [], unpack: true })).rejects.toMatchObject({
      code: 'dataset-empty',
    });
    expect(readdirSync(uploads)).toEqual([]);
    await mkdir(join(folder, 'photos.zip'));
    writeFileSync(join(folder, 'photos.zip', 'one.png'), await picture(1));
    const { datasetId } = await studio.call('datasets.import', {
      ...{ paths: [join(folder, 'photos.zip')], unpack: true },
    });
    await studio.datasets.settled();
    expect(await filesOf(studio, datasetId)).toEqual(['one.png']);
    expect(readdirSync(uploads)).toEqual([]);
  });

  test('is refused in words where nothing good is in it, and nothing is left', async () => {
    const folder = testFolder();
    const studio = openStudio();
    const broken = join(folder, 'broken.zip');
    writeFileSync(broken, 'PK');
    const whole = await readFile(await writeZip(join(folder, 'whole.zip'), { 'one.png': await picture(1) }));
    const locked = join(folder, 'locked.zip');
    // Bit 0 of the flags, in the file's own head and in the archive's list: the entry is encrypted.
    const flagged = Buffer.from(whole);
    flagged[6]! |= 1;
    flagged[flagged.indexOf(Buffer.from([0x50, 0x4b, 1, 2])) + 8]! |= 1;
    writeFileSync(locked, flagged);
    const damaged = join(folder, 'damaged.zip');
    const bytes = Buffer.from(whole);
    bytes.fill(0xff, 60, 80);
    writeFileSync(damaged, bytes);
    const altered = join(folder, 'altered.zip');
    const sums = Buffer.from(whole);
    sums.writeUInt32LE(1, sums.indexOf(Buffer.from([0x50, 0x4b, 1, 2])) + 16);
    writeFileSync(altered, sums);
    const evil = join(folder, 'evil.zip');
    writeFileSync(evil, Buffer.from(whole.toString('latin1').replaceAll('one.png', '../.png'), 'latin1'));
    const texts = await writeZip(join(folder, 'texts.zip'), { 'a.txt': 'x' });
    const nested = await writeZip(join(folder, 'nested.zip'), { 'deep/inner.zip': 'PK', 'a.txt': 'x' });
    const long = await writeZip(join(folder, 'long.zip'), { [`${'ü'.repeat(126)}.png`]: await picture(1) });
    const refusals = {
      [nested]: ['dataset-empty', /^nested\.zip holds no image, but another archive: inner\.zip\.$/],
      [long]: ['archive-name-too-long', /^long\.zip holds a name that is too long for a disk: ü{60}…$/],
      [broken]: ['archive-damaged', /^broken\.zip cannot be unpacked: /],
      [locked]: ['archive-locked', /^locked\.zip is locked by a password\.$/],
      [damaged]: ['archive-damaged', /^damaged\.zip cannot be unpacked: /],
      [altered]: ['archive-damaged', /^altered\.zip cannot be unpacked: one\.png is not what was packed\.$/],
      [evil]: ['archive-damaged', /^evil\.zip cannot be unpacked: /],
      [texts]: ['dataset-empty', /^texts\.zip holds no image\.$/],
    } as const;
    for (const [path, [code, message]] of Object.entries(refusals)) {
      const failure = studio.call('datasets.import', { paths: [path], unpack: true });
      await expect(failure).rejects.toMatchObject({
        code,
        message: expect.stringMatching(message) as string,
      });
    }
    expect(readdirSync(studio.library.paths.uploads)).toEqual([]);
    expect(await studio.call('datasets.list', {})).toEqual([]);
  });

  test('that would fill the disk is refused before anything is written', async () => {
    const folder = testFolder();
    const archive = await writeZip(join(folder, 'bomb.zip'), { 'one.png': await picture(1) });
    const bytes = await readFile(archive);
    // The size unpacked, in the archive's list: all but 4 GB, four hundred times.
    const list = bytes.indexOf(Buffer.from([0x50, 0x4b, 1, 2]));
    const end = bytes.indexOf(Buffer.from([0x50, 0x4b, 5, 6]));
    bytes.writeUInt32LE(0xfffffffe, list + 24);
    const entry = bytes.subarray(list, end);
    const count = 10_000;
    const tail = Buffer.from(bytes.subarray(end));
    tail.writeUInt16LE(count, 8);
    tail.writeUInt16LE(count, 10);
    tail.writeUInt32LE(entry.length * count, 12);
    writeFileSync(
      archive,
      Buffer.concat([bytes.subarray(0, list), ...Array<Buffer>(count).fill(entry), tail]),
    );
    await expect(unpackArchive(archive, join(folder, 'unpacked'))).rejects.toMatchObject({
      code: 'disk-full',
    });
    expect(readdirSync(folder)).toEqual(['bomb.zip']);
  });
});
