import {
  cpSync,
  createWriteStream,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, parse } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, expect, test } from 'vitest';
import { ZipFile } from 'yazl';

import { drop } from './drop.ts';
import { describeInBrowser, inDesktop, type OpenStudio, openStudio } from './studio.ts';

const sample = fileURLToPath(new URL('../../resources/sample', import.meta.url));

/** The sample's first pictures with metadata of their own, and one file that is no picture. */
function makeFolder(parent: string): string {
  const folder = join(parent, 'toys');
  const pictures = readdirSync(sample)
    .filter((name) => name.endsWith('.webp'))
    .slice(0, 12);
  for (const name of pictures) cpSync(join(sample, name), join(folder, name));
  writeFileSync(join(folder, 'broken.png'), 'no picture');
  writeFileSync(
    join(folder, 'metadata.csv'),
    ['file_name,thing', ...pictures.map((name) => `${name},${parse(name).name}`)].join('\n'),
  );
  return folder;
}

describeInBrowser('a data set in a browser', () => {
  let open: OpenStudio;
  const parent = mkdtempSync(join(tmpdir(), 'screenfold-pictures-'));
  const folder = makeFolder(parent);
  beforeAll(async () => {
    open = await openStudio();
  });
  afterAll(async () => {
    await open.close();
    rmSync(parent, { recursive: true, force: true });
  });

  test('is made of a folder, with what could not be used listed', async () => {
    const { page } = open;
    await page.getByRole('link', { name: 'Data sets' }).click();
    await open.chooseFolder(page.getByRole('button', { name: 'Add folder…' }).first(), folder);
    await page.getByRole('heading', { name: 'toys' }).waitFor();
    await page.getByRole('button', { name: '12 images' }).waitFor();
    await page.getByRole('listbox', { name: 'Images' }).getByRole('option').nth(11).waitFor();
    await page.getByRole('link', { name: /^Problems/ }).click();
    await page.getByRole('cell', { name: 'broken.png', exact: true }).waitFor();
  });

  test('is captioned by a template that is shown before it is used', async () => {
    const { page } = open;
    await page.getByRole('link', { name: 'Captions', exact: true }).click();
    await page.getByRole('button', { name: 'New caption set…' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Template').fill('a toy, ');
    await dialog.getByRole('button', { name: 'Insert thing' }).click();
    await dialog.getByText('a toy, alien').waitFor();
    await dialog.getByRole('button', { name: 'Make caption set' }).click();
    await page.getByText('12 captioned').waitFor();
  });

  test('has a caption changed by hand with the keyboard alone', async () => {
    const { page } = open;
    await page.getByRole('link', { name: 'Write by hand' }).click();
    const field = page.getByRole('textbox', { name: 'Caption' });
    await page.getByText('1 of 12 images').waitFor();
    await expect.poll(() => field.inputValue()).toBe('a toy, alien');
    expect(await page.locator('textarea:focus').count()).toBe(1);
    await page.keyboard.press('End');
    await page.keyboard.type(', green');
    await page.keyboard.press('Enter');
    await page.getByText('2 of 12 images').waitFor();
    await page.keyboard.press('Shift+Enter');
    await expect.poll(() => field.inputValue()).toBe('a toy, alien, green');
  });

  test('has a caption counted that is longer than the base reads', async () => {
    const { page } = open;
    const field = page.getByRole('textbox', { name: 'Caption' });
    const before = await field.inputValue();
    await field.fill(`${before}, with one, two, three, four, five, six, seven and eight legs`);
    await page.getByText(/^\d+ tokens; .+ reads 18\.$/).waitFor();
    await field.fill(before);
    await page.getByText(/^\d+ tokens; /).waitFor({ state: 'detached' });
  });

  test('takes the change back, and what was excluded in again', async () => {
    const { page } = open;
    await page.getByRole('link', { name: 'Images', exact: true }).click();
    await page.getByRole('option', { name: /a toy, alien, green/ }).click();
    await page.keyboard.press('x');
    await page.getByRole('button', { name: '1 excluded' }).waitFor();
    await page.keyboard.press('Control+z');
    await page.getByRole('button', { name: '0 excluded' }).waitFor();
    await page.keyboard.press('Control+z');
    await page.getByRole('option', { name: 'alien.webp, a toy, alien', exact: true }).waitFor();
    await page.keyboard.press('Control+Shift+z');
    await page.getByRole('option', { name: /a toy, alien, green/ }).waitFor();
  });

  test.skipIf(inDesktop)(
    'is sent by the browser where its files are not on the studio’s machine',
    async () => {
      const { page } = open;
      await page.getByRole('link', { name: 'Data sets' }).click();
      const choosing = page.waitForEvent('filechooser');
      await page.getByRole('button', { name: 'Add files…' }).click();
      const files = readdirSync(folder).filter((name) => name.endsWith('.webp'));
      await (await choosing).setFiles(files.slice(0, 3).map((name) => join(folder, name)));
      await page.getByRole('button', { name: '3 images' }).waitFor();
    },
  );

  /** What letting go would do is said meanwhile. */
  const dropAnnounced = (path: string) =>
    drop(open.page, path, () =>
      open.page
        .getByRole('status')
        .filter({ hasText: /^Drop to/ })
        .waitFor(),
    );

  test('is made of a folder dropped on the window', async () => {
    const { page } = open;
    await page.getByRole('link', { name: 'Data sets' }).click();
    await page.getByRole('heading', { name: 'Data sets', level: 1 }).waitFor();
    await dropAnnounced(folder);
    await page.getByRole('heading', { name: 'toys' }).waitFor();
    await page.getByRole('button', { name: '12 images' }).waitFor();
    await page.getByRole('link', { name: /^Problems/ }).click();
    await page.getByRole('cell', { name: 'broken.png', exact: true }).waitFor();
  });

  test('is made of an archive that is unpacked by a click', async () => {
    const { page } = open;
    const archive = join(parent, 'packed toys.zip');
    const zip = new ZipFile();
    for (const name of readdirSync(folder)
      .filter((name) => name.endsWith('.webp'))
      .slice(0, 4))
      zip.addFile(join(folder, name), `toys/${name}`);
    zip.end();
    await pipeline(zip.outputStream, createWriteStream(archive));
    await page.getByRole('link', { name: 'Data sets' }).click();
    await page.getByRole('heading', { name: 'Data sets', level: 1 }).waitFor();
    await dropAnnounced(archive);
    const offer = page.getByRole('alert').filter({ hasText: 'packed toys.zip is an archive.' });
    await offer.getByRole('button', { name: 'Unpack it' }).click();
    await page.getByRole('heading', { name: 'packed toys' }).waitFor();
    await page.getByRole('button', { name: '4 images' }).waitFor();
  });

  test('is not made of what holds no image, which is named instead', async () => {
    const { page, libraryFolder } = open;
    const notes = join(parent, 'notes');
    mkdirSync(notes);
    for (const name of ['a.txt', 'b.txt', 'c.md']) writeFileSync(join(notes, name), 'words');
    const archive = join(parent, 'toys.tar');
    writeFileSync(archive, 'tar');
    await page.getByRole('link', { name: 'Data sets' }).click();
    await page.getByRole('heading', { name: 'Data sets', level: 1 }).waitFor();
    const uploads = readdirSync(join(libraryFolder, 'uploads'));
    const sets = await page.getByRole('main').getByRole('listitem').count();
    /** It is said once; put away, it does not stand in for the next. */
    const told = async (message: string, hint: string) => {
      const notice = page.getByRole('alert').filter({ hasText: message });
      await notice.waitFor();
      expect(await notice.textContent()).toContain(hint);
      await notice.getByRole('button').click();
      await notice.waitFor({ state: 'detached' });
    };

    await dropAnnounced(notes);
    await told('notes is a folder of 3 text files.', 'Choose png, jpg');
    await dropAnnounced(archive);
    await told('toys.tar is an archive.', 'Unpack it, then drop the folder.');
    const rail = page.getByRole('navigation', { name: 'Screenfold' });
    await rail.getByRole('link', { name: 'Models' }).click();
    await page.getByRole('heading', { name: 'Models', level: 1 }).waitFor();
    await drop(page, archive);
    await told('toys.tar is an archive.', 'Unpack it, then drop the folder.');
    await rail.getByRole('link', { name: 'Data sets' }).click();
    await open.chooseFolder(page.getByRole('button', { name: 'Add folder…' }).first(), notes);
    await told('notes is a folder of 3 text files.', 'Choose png, jpg');

    await page.getByRole('heading', { name: 'Data sets', level: 1 }).waitFor();
    expect(await page.getByText('There is no such data set').count()).toBe(0);
    await expect.poll(() => page.getByRole('main').getByRole('listitem').count()).toBe(sets);
    expect(readdirSync(join(libraryFolder, 'uploads'))).toEqual(uploads);
  });

  test('kept the page free of errors', () => {
    expect(open.complaints).toEqual([]);
  });
});
