import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { describe, expect, test } from 'vitest';

import { captionsFor } from '../../electron/datasets/captions/captions.ts';
import { type Dataset, readDataset } from '../../electron/datasets/dataset.ts';
import { failureOf } from '../runs/failure-of.ts';
import { captionsOf, filesOf, importFolder, openStudio, testFolder } from './studio.ts';

const cases = fileURLToPath(new URL('cases', import.meta.url));

/** A copy, as a person has it. */
function copyOf(name: string): string {
  const folder = join(testFolder(), name);
  cpSync(join(cases, name), folder, { recursive: true });
  return folder;
}

function captionsIn({ images }: Dataset): Readonly<Record<string, string>> {
  const { captions } = captionsFor(images, { kind: 'sidecar' });
  return Object.fromEntries([...captions].map(([id, [text]]) => [id, text ?? '']));
}

/** The same by both ways in: what is trained on, with its captions, and what is told of the rest. */
async function readBothWays(name: string) {
  const folder = copyOf(name);
  const dataset = await readDataset(folder);
  const told = [
    ...dataset.problems.map(({ file, failure: { code } }) => ({ file, files: 1, code, expected: false })),
    ...dataset.leftOut.map(({ files, failure: { code }, expected }) => ({
      ...{ file: files[0]!, files: files.length, code, expected },
    })),
  ];
  const studio = openStudio();
  const datasetId = await importFolder(studio, folder);
  const problems = await studio.call('datasets.problems', { datasetId });
  expect(
    problems
      .map(({ file, files, failure: { code }, expected }) => ({ file, files, code, expected }))
      .sort(byFile),
  ).toEqual([...told].sort(byFile));
  const { problems: counted } = await studio.call('datasets.get', { datasetId });
  expect(counted).toBe(told.filter(({ expected }) => !expected).reduce((sum, { files }) => sum + files, 0));
  expect(await filesOf(studio, datasetId)).toEqual(dataset.images.map(({ id }) => id));
  const [set] = await studio.call('captions.sets', { datasetId });
  const captions = captionsIn(dataset);
  if (set !== undefined) {
    const stored = await captionsOf(studio, datasetId, set.id);
    expect(Object.fromEntries(Object.entries(stored).map(([file, text]) => [file, text ?? '']))).toEqual(
      captions,
    );
  }
  return { dataset, captions, told, messages: problems.map(({ failure }) => failure.message) };
}

const byFile = (a: { readonly file: string; readonly code: string }, b: typeof a) =>
  a.file + a.code < b.file + b.code ? -1 : 1;

describe('as people have them', () => {
  test("kohya's metadata of which one image has no caption gives the others theirs", async () => {
    const { captions, told, messages } = await readBothWays('kohya-meta-lat');
    expect(captions).toEqual({
      'a.png': 'a red thing, red, thing',
      'b.png': 'a blue thing',
      'c.png': '',
    });
    expect(told).toEqual([
      { file: 'meta_lat.json', files: 1, code: 'metadata-without-caption', expected: false },
    ]);
    expect(messages[0]).toContain('has no caption for 1 of its 3 images: c');
  });

  test('an object of captions by name is read', async () => {
    const { captions, told } = await readBothWays('caption-map');
    expect(captions).toEqual({ 'a.png': 'a red thing', 'b.png': 'a blue thing' });
    expect(told).toEqual([]);
  });

  test('a JSON file for each image gives its caption, and its other keys as fields', async () => {
    const { dataset, captions, told } = await readBothWays('json-sidecars');
    expect(captions).toEqual({ 'a.png': 'a thing called a', 'b.png': 'a thing called b' });
    expect(told).toEqual([]);
    const short = captionsFor(dataset.images, { kind: 'template', template: 'sks ${caption_short}' });
    expect(short.captions.get('b.png')).toEqual(['sks b']);
  });

  test('captions of several lines are whole, in one line', async () => {
    const { captions, told } = await readBothWays('multiline');
    expect(captions).toEqual({
      'a.png': 'A lighthouse on a cliff. The sky is orange. Style: woodcut.',
      'b.png': '1girl, blue hair, smile',
      'c.png': 'third after blanks',
      'd.png': 'fourth second line',
      'e.png': '',
    });
    expect(told).toEqual([]);
  });

  test('images that cannot be decoded are told by kind, and a caption without its image', async () => {
    const { captions, told, messages } = await readBothWays('heic');
    expect(captions).toEqual({ 'p1.png': 'one', 'p2.png': 'two' });
    expect(told).toEqual([
      { file: 'IMG_0001.HEIC', files: 3, code: 'image-format', expected: false },
      { file: 'IMG_0001.txt', files: 1, code: 'caption-without-image', expected: false },
      { file: 'x.jxl', files: 1, code: 'image-format', expected: false },
    ]);
    expect(messages).toEqual([
      '3 HEIC images are left out, because there is no decoder for this compression (HEVC): IMG_0001.HEIC, IMG_0002.HEIC, IMG_0003.heif.',
      '1 caption file is left out, because no image has its name: IMG_0001.txt.',
      '1 JPEG XL image is left out, because there is no decoder for this format: x.jxl.',
    ]);
  });

  test('a folder of pictures in formats that are not read says for each kind what to do', async () => {
    const folder = testFolder();
    for (const name of ['IMG_0001.HEIC', 'x.jxl']) cpSync(join(cases, 'heic', name), join(folder, name));
    const { message, hint } = await failureOf(readDataset(folder));
    expect(message).toContain('1 HEIC image is left out');
    expect(message).toContain('1 JPEG XL image is left out');
    expect(hint).toContain('magick mogrify -format jpg *.heic');
    expect(hint).toContain('djxl fox.jxl fox.png');
  });

  test('masks are masks', async () => {
    const { captions, told } = await readBothWays('mask-files');
    expect(captions).toEqual({ 'a.png': 'photo of a', 'b.png': 'photo of b', 'c.png': 'photo of c' });
    expect(told).toEqual([{ file: 'a-masklabel.png', files: 3, code: 'mask', expected: true }]);
  });

  test("of kohya's project the images in img are trained on, and the rest is told", async () => {
    const { dataset, captions, told, messages } = await readBothWays('kohya-project');
    expect(captions).toEqual({
      'img/10_sks person/1.png': 'photo of sks, number 1',
      'img/10_sks person/2.png': 'photo of sks, number 2',
      'img/10_sks person/3.png': 'photo of sks, number 3',
    });
    expect(dataset.images.map(({ repeats }) => repeats)).toEqual([10, 10, 10]);
    expect(told).toEqual([
      { file: 'reg/1_person/r1.png', files: 4, code: 'regularisation', expected: true },
      { file: 'model/sample/last_20240101_000.png', files: 3, code: 'of-a-trainer', expected: true },
      { file: 'img/10_sks person/1.npz', files: 1, code: 'other-file', expected: true },
    ]);
    expect(messages.join('\n')).toContain('4 regularisation images are kept apart and not trained on');
  });

  test('a quote within a value of a table costs nothing, and its row is named', async () => {
    const { captions, told, messages } = await readBothWays('csv-inner-quote');
    expect(captions).toEqual({ 'a.png': 'a 5" pipe on a wall', 'b.png': 'plain caption' });
    expect(told).toEqual([{ file: 'metadata.csv', files: 1, code: 'metadata-invalid', expected: false }]);
    expect(messages[0]).toContain('line 2 (a.png)');
  });
});
