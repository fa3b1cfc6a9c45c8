import { copyFile, readdir, rm, truncate } from 'node:fs/promises';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { OpenModel } from '../../native/families/family.ts';
import { openModel } from '../../native/families/open-model.ts';
import type { TrainingImage } from '../../native/jobs.ts';
import { chooseRuntime } from '../../native/runtime/providers.ts';
import type { Runtime } from '../../native/runtime/runtime.ts';
import { openBlobCache } from '../../native/training/blob-cache.ts';
import { encodeCaptions } from '../../native/training/encode-captions.ts';
import { encodeImages } from '../../native/training/encode-images.ts';
import type { EncodeOptions } from '../../native/training/encoding.ts';
import { temporaryFolder } from '../images/pictures.ts';
import { drawImages, drawPicture, failureOf, writeTinyModel } from './tiny-model.ts';

const folder = temporaryFolder();
let runtime: Runtime;
let model: OpenModel;
let other: OpenModel;
let images: TrainingImage[];
/** Sessions made: one where an encoder had to be opened. */
let opened = 0;
beforeAll(async () => {
  const found = await chooseRuntime({ provider: 'cpu' });
  const createSession: Runtime['createSession'] = (...parameters) => {
    opened += 1;
    return found.createSession(...parameters);
  };
  runtime = { ...found, createSession };
  await writeTinyModel(join(folder.path, 'base'));
  await writeTinyModel(join(folder.path, 'other'), { seed: 2 });
  model = await openModel({ base: join(folder.path, 'base') });
  other = await openModel({ base: join(folder.path, 'other') });
  images = await drawImages(join(folder.path, 'images'), 4, [
    [32, 32],
    [40, 24],
  ]);
});
afterAll(async () => {
  await model.close();
  await other.close();
  await runtime.dispose();
});

async function options(component: 'vae' | 'text_encoder', cache: string, of = model): Promise<EncodeOptions> {
  return {
    runtime,
    readWeight: of.readWeight,
    modelHash: await of.component(component).hash(),
    // Nothing in memory: every array is read from the disk.
    cache: openBlobCache(join(folder.path, cache), 0),
    onProgress: () => undefined,
    stop: new AbortController().signal,
  };
}
/** The latents of all images, and how many encoders had to be opened for them. */
async function latents(cache: string, { of = model, from = images, flipped = false } = {}) {
  const before = opened;
  const views = from.map((image) => ({ image, flipped }));
  const read = await encodeImages(views, of.autoencoder, await options('vae', cache, of));
  return { made: opened - before, moments: await Promise.all(views.map(read)) };
}
async function embeddings(cache: string, captions: readonly string[], of = model) {
  const before = opened;
  const read = await encodeCaptions(captions, of.conditioning, await options('text_encoder', cache, of));
  const states = await Promise.all(
    captions.map(async (caption) => (await read(caption)).encoder_hidden_states!),
  );
  return { made: opened - before, states };
}

describe('latents', () => {
  test('are encoded once, with one encoder for each bucket', async () => {
    const first = await latents('once');
    expect(first.made).toBe(2);
    expect(first.moments.map(({ length }) => length)).toEqual([512, 480, 512, 480]);
    const second = await latents('once');
    expect(second).toEqual({ made: 0, moments: first.moments });
  });

  test('of a moved image are found, and of an edited one are not', async () => {
    const before = await latents('edited');
    const moved = images.map((image) => ({
      ...image,
      id: `moved ${image.id}`,
      path: `${image.path} moved.png`,
    }));
    for (const [i, { path }] of moved.entries()) await copyFile(images[i]!.path, path);
    expect(await latents('edited', { from: moved })).toEqual({ made: 0, moments: before.moments });

    await drawPicture(moved[0]!.path, 77);
    const edited = await latents('edited', { from: moved });
    expect(edited.made).toBe(1);
    expect(edited.moments[0]).not.toEqual(before.moments[0]);
    expect(edited.moments.slice(1)).toEqual(before.moments.slice(1));
    expect((await latents('edited')).moments).toEqual(before.moments);
  });

  test('of another VAE, another size or a mirrored image are not mistaken for these', async () => {
    const plain = await latents('different');
    const theirs = await latents('different', { of: other });
    const mirrored = await latents('different', { flipped: true });
    const wide = await latents('different', { from: images.map((image) => ({ ...image, width: 48 })) });
    expect([theirs.made, mirrored.made, wide.made]).toEqual([2, 2, 2]);
    const all = [plain, theirs, mirrored, wide].map(({ moments }) => moments[0]!.join());
    expect(new Set(all).size).toBe(4);
    expect((await latents('different')).moments).toEqual(plain.moments);
  });

  test('in a damaged file are encoded again', async () => {
    const before = await latents('damaged');
    const place = join(folder.path, 'damaged');
    for (const sub of await readdir(place)) {
      for (const file of await readdir(join(place, sub))) await truncate(join(place, sub, file), 1024);
    }
    expect(await latents('damaged')).toEqual({ made: 2, moments: before.moments });
  });

  test('of an image edited while it is read are not stored under what it was', async () => {
    const [image] = await drawImages(join(folder.path, 'racing'), 1);
    const given = await options('vae', 'racing cache');
    const cache: EncodeOptions['cache'] = {
      get: async (blob, make) => {
        // The image was hashed, and is read after this.
        await drawPicture(image!.path, 6);
        return given.cache.get(blob, make);
      },
    };
    const view = { image: image!, flipped: false };
    const failure = await failureOf(encodeImages([view], model.autoencoder, { ...given, cache }));
    expect([failure.code, failure.message]).toEqual(['image-changed', expect.stringContaining(image!.path)]);
    await expect(readdir(join(folder.path, 'racing cache'))).rejects.toThrow('ENOENT');
  });

  test('that someone removed while training are named', async () => {
    const views = images.map((image) => ({ image, flipped: false }));
    const read = await encodeImages(views, model.autoencoder, await options('vae', 'removed'));
    await rm(join(folder.path, 'removed'), { recursive: true });
    const { code, message } = await failureOf(read(views[0]!));
    expect([code, message]).toEqual(['cache-lost', expect.stringContaining(images[0]!.id)]);
  });

  test('are left as they are when a stop is asked for', async () => {
    const stop = new AbortController();
    const given = {
      ...(await options('vae', 'stopped')),
      stop: stop.signal,
      onProgress: () => {
        stop.abort();
      },
    };
    const views = images.map((image) => ({ image, flipped: false }));
    await expect(encodeImages(views, model.autoencoder, given)).rejects.toThrow('aborted');
    expect(await readdir(join(folder.path, 'stopped'))).toHaveLength(1);
  });
});

describe('text embeddings', () => {
  const captions = ['a red square', 'a green circle', '', 'two dots', 'a stripe', 'ü 日本'];

  test('are encoded once', async () => {
    const first = await embeddings('texts', captions);
    expect(first.made).toBe(1);
    expect(first.states.every(({ length }) => length === 16 * 16)).toBe(true);
    expect(new Set(first.states.map((states) => states.join())).size).toBe(captions.length);
    expect(await embeddings('texts', captions)).toEqual({ made: 0, states: first.states });
    // In another order and beside others, too.
    expect(await embeddings('texts', captions.toReversed())).toEqual({
      made: 0,
      states: first.states.toReversed(),
    });
  });

  test('of a changed caption and of another text encoder are made', async () => {
    const first = await embeddings('changed', captions);
    const changed = await embeddings('changed', ['a red squares', ...captions.slice(1)]);
    expect(changed.made).toBe(1);
    expect(changed.states[0]).not.toEqual(first.states[0]);
    expect(changed.states.slice(1)).toEqual(first.states.slice(1));
    const theirs = await embeddings('changed', captions, other);
    expect(theirs.made).toBe(1);
    expect(theirs.states[0]).not.toEqual(first.states[0]);
  });
});
