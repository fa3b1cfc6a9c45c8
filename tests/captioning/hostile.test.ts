import { readFileSync } from 'node:fs';
import { cp, mkdir, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { findCaptioner } from '../../native/captioning/captioner-files.ts';
import { openDecoder } from '../../native/captioning/decoder.ts';
import { openCaptioner } from '../../native/captioning/open-captioner.ts';
import { readPictureForm } from '../../native/captioning/picture-form.ts';
import { usualCaptioning } from '../../native/facts/captioning.ts';
import { chooseRuntime } from '../../native/runtime/providers.ts';
import type { Runtime } from '../../native/runtime/runtime.ts';
import { temporaryFolder } from '../runs/temporary-folder.ts';
import { captioningFixtures } from './fixtures.ts';

let runtime: Runtime;
beforeAll(async () => {
  runtime = await chooseRuntime({ provider: 'cpu' });
});
afterAll(() => runtime.dispose());

async function copyOf(name: string): Promise<string> {
  const folder = temporaryFolder();
  await cp(join(captioningFixtures, name), folder, { recursive: true });
  return folder;
}

test.each([
  ['a side of 0', { size: { width: 0, height: 32 } }],
  ['half a pixel', { size: { width: 32, height: 32.5 } }],
  ['a side that is text', { size: { width: '32', height: 32 } }],
  ['more than memory holds', { size: 1_000_000 }],
  ['a shorter side below 1', { size: { shortest_edge: -1 } }],
  ['a crop of 0', { do_center_crop: true, crop_size: { width: 32, height: 0 } }],
  ['a deviation of 0', { image_std: [0.5, 0, 0.5] }],
])('a form of pictures with %s is refused, and its file named', async (_what, form) => {
  const folder = temporaryFolder();
  const path = join(folder, 'preprocessor_config.json');
  await writeFile(path, JSON.stringify(form));
  await expect(readPictureForm(folder)).rejects.toMatchObject({
    code: 'captioner-unsupported',
    message: expect.stringContaining(path) as string,
  });
});

test.each([
  ['tagger', 'model.onnx'],
  ['blip', 'text_decoder_model.onnx'],
])('a graph of a %s that is cut off, or a folder, is to be got again', async (name, graph) => {
  const folder = await copyOf(name);
  const path = join(folder, graph);
  const refusal = {
    code: 'captioner-unreadable',
    message: expect.stringContaining(path) as string,
    hint: expect.stringContaining('Get the file again') as string,
  };
  await truncate(path, 2000);
  await expect(openCaptioner(runtime, folder)).rejects.toMatchObject(refusal);
  await rm(path);
  await mkdir(path);
  await expect(openCaptioner(runtime, folder)).rejects.toMatchObject(refusal);
});

test('a sentence is no longer than its decoder has places for', async () => {
  const folder = await copyOf('florence-2');
  const config = JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8')) as {
    readonly text_config: object;
  };
  const picture = join(captioningFixtures, 'pictures', '08-rotated.jpg');
  const captionOf = async (longest: number): Promise<readonly string[]> => {
    const captioner = await openCaptioner(runtime, folder);
    try {
      const prepared = await captioner.prepare(picture);
      return await captioner.caption([prepared], { ...usualCaptioning, longest });
    } finally {
      await captioner.dispose();
    }
  };
  const [short, long] = [await captionOf(6), await captionOf(24)];
  expect(short).not.toEqual(long);
  const text_config = { ...config.text_config, max_position_embeddings: 7 };
  await writeFile(join(folder, 'config.json'), JSON.stringify({ ...config, text_config }));
  expect(await captionOf(1_000_000)).toEqual(short);
});

test('a decoder whose numbers are none is refused', async () => {
  const files = await findCaptioner(join(captioningFixtures, 'blip'));
  if (files.kind === 'tagger') throw new Error('no writer');
  const [vision, session] = [
    await runtime.createSession(files.vision),
    await runtime.createSession(files.decoder),
  ];
  try {
    const pixels = runtime.tensor('float32', [1, 3, 32, 32]);
    const { last_hidden_state: seen } = await vision.run({ pixel_values: pixels }, ['last_hidden_state']);
    const data = new Float32Array(seen.data.length).fill(NaN);
    const next = openDecoder(runtime, session, files.decoder, null).begin({ ...seen, data });
    await expect(next([[1]], null)).rejects.toMatchObject({
      code: 'captioner-unsupported',
      message: expect.stringContaining(files.decoder) as string,
    });
  } finally {
    await vision.dispose();
    await session.dispose();
  }
});
