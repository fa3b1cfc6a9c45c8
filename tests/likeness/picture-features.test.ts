import { copyFileSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { LikenessJob } from '../../native/jobs.ts';
import { compareLikeness } from '../../native/likeness/likeness.ts';
import { efficientNetLite, featureLength } from '../../native/models/efficientnet-lite.ts';
import { openInference } from '../../native/models/inference.ts';
import { chooseRuntime } from '../../native/runtime/providers.ts';
import type { Runtime } from '../../native/runtime/runtime.ts';
import { openSafetensors } from '../../native/weights/safetensors.ts';
import { temporaryFolder } from '../images/pictures.ts';

const weightsFile = fileURLToPath(
  new URL('../../resources/features/efficientnet-lite0.safetensors', import.meta.url),
);
const sample = (name: string) =>
  fileURLToPath(new URL(`../../resources/sample/${name}.webp`, import.meta.url));
const folder = temporaryFolder();
let runtime: Runtime;
beforeAll(async () => {
  runtime = await chooseRuntime({ provider: 'cpu' });
});
afterAll(() => runtime.dispose());

test('the features of a picture are those of the network in PyTorch', async () => {
  const weights = await openSafetensors(weightsFile);
  const network = await openInference(
    runtime,
    ({ key }) => weights.readAs(key, 'float32'),
    (builders, graph) => ({
      features: efficientNetLite(builders('features'), graph.input('pictures', 'float32', [1, 3, 224, 224])),
    }),
  );
  const [side, area] = [224, 224 * 224];
  const pictures = new Float32Array(3 * area);
  for (let y = 0; y < side; y++)
    for (let x = 0; x < side; x++) {
      const at = y * side + x;
      pictures[at] = Math.sin(x / 9 + y / 31);
      pictures[area + at] = Math.cos((x * y) / 900);
      pictures[2 * area + at] = Math.sin(y / 17) * Math.cos(x / 5);
    }
  const { features } = await network.run({ pictures });
  const expected = JSON.parse(
    readFileSync(new URL('../reference/fixtures/picture-features.json', import.meta.url), 'utf8'),
  ) as number[];
  expect(features).toHaveLength(featureLength);
  // Weights are rounded to float16 after norms were folded into them: off by 0.3 % of the features' length of 22.
  const off = Math.hypot(...expected.map((value, i) => value - features![i]!));
  expect(off).toBeLessThan(0.1);
  await network.dispose();
  await weights.close();
}, 60_000);

describe('pictures compared with the images they were trained on', () => {
  const side = { width: 64, height: 64 };
  const names = ['bear', 'banana', 'bell', 'camera', 'crab', 'crown', 'elephant', 'fire', 'fox', 'frog'];
  const others = ['ghost', 'grapes', 'guitar', 'house', 'key'];
  /** What a model that has learned it by heart would make: a little shifted, of other colours, blurred. */
  const remembered = async (name: string): Promise<string> => {
    const path = join(folder.path, `${name}.png`);
    await sharp(sample(name))
      .flatten({ background: '#ffffff' })
      .resize(68, 68)
      .extract({ left: 3, top: 1, width: 64, height: 64 })
      .modulate({ saturation: 0.8, brightness: 1.05 })
      .blur(0.6)
      .png()
      .toFile(path);
    return path;
  };
  const jobOf = async (): Promise<LikenessJob> => ({
    kind: 'likeness',
    weights: weightsFile,
    cacheFolder: join(folder.path, 'cache'),
    training: names.map((name) => ({ path: sample(name), ...side })),
    heldOut: others.map((name) => ({ path: sample(name), ...side })),
    pictures: [
      { path: sample('rocket'), ...side, epoch: 0, made: 'a', heldOut: 0 },
      { path: sample('lion'), ...side, epoch: 0, made: 'b', heldOut: 1 },
      { path: sample('star'), ...side, epoch: 0, made: 'c', heldOut: 2 },
      { path: sample('tulip'), ...side, epoch: 0, made: 'd', heldOut: null },
      { path: await remembered('fox'), ...side, epoch: 9, made: 'a', heldOut: 0 },
      { path: await remembered('grapes'), ...side, epoch: 9, made: 'b', heldOut: 1 },
      { path: await remembered('guitar'), ...side, epoch: 9, made: 'c', heldOut: 2 },
      { path: await remembered('key'), ...side, epoch: 9, made: 'd', heldOut: null },
      { path: join(folder.path, 'gone.png'), ...side, epoch: 9, made: 'e', heldOut: null },
    ],
    device: { provider: 'cpu' },
  });
  const context = { emit: () => undefined, stop: new AbortController().signal };

  test('a copy stands out, with its image; what the base made and what merely resembles does not', async () => {
    const { pictures, limit } = await compareLikeness(await jobOf(), context);
    expect(pictures[4]).toMatchObject({ image: names.indexOf('fox'), copy: true });
    expect(pictures[4]!.distance).toBeLessThan(limit);
    expect(pictures[4]!.control).toBe(pictures[0]!.distance);
    expect(pictures.map((picture) => picture?.copy ?? null)).toEqual([
      ...[false, false, false, false],
      ...[true, false, false, false],
      null,
    ]);
  }, 60_000);

  test('pictures of what was held out are nearer to it than others are, and to their own caption’s image', async () => {
    const { epochs } = await compareLikeness(await jobOf(), context);
    expect(epochs.map(({ epoch }) => epoch)).toEqual([0, 9]);
    const [before, after] = epochs;
    expect(after!.distance!.value).toBeLessThan(before!.distance!.value);
    expect(after!.distance!.low).toBeLessThanOrEqual(after!.distance!.value);
    // Grapes and a guitar are nearest to themselves; of the fox that stands for a ghost nothing is asked.
    expect(after!.rank!.value).toBeGreaterThan(2 / 3);
    expect(after!.rank!.value).toBeGreaterThan(before!.rank!.value);
    expect(after!.rank!.high).toBe(1);
  }, 60_000);

  test.each([
    { kind: 'training', of: names, first: 'banana' },
    { kind: 'heldOut', of: others, first: 'guitar' },
  ] as const)(
    'nothing is said of copies while images are away: $kind',
    async ({ kind, of, first }) => {
      const job = await jobOf();
      const images = join(folder.path, kind);
      mkdirSync(images);
      for (const name of of) copyFileSync(sample(name), join(images, `${name}.webp`));
      const moved = { ...job, [kind]: of.map((name) => ({ path: join(images, `${name}.webp`), ...side })) };
      const found = await compareLikeness(moved, context);

      rmSync(join(images, `${first}.webp`));
      const fault = {
        code: 'compared-images-unreadable',
        hint: 'Put them back, or connect their drive. Then open Compare again.',
      };
      const words = kind === 'training' ? 'training' : 'held-out';
      await expect(compareLikeness(moved, context)).rejects.toMatchObject({
        ...fault,
        message: `1 of ${of.length} ${words} images cannot be read: ${first}.webp.`,
      });
      rmSync(images, { recursive: true });
      await expect(compareLikeness(moved, context)).rejects.toMatchObject({
        ...fault,
        message: `${of.length} of ${of.length} ${words} images cannot be read: ${of[0]}.webp and others.`,
      });

      mkdirSync(images);
      for (const name of of) copyFileSync(sample(name), join(images, `${name}.webp`));
      expect(await compareLikeness(moved, context)).toEqual(found);
    },
    60_000,
  );

  test('goes on where it was broken off', async () => {
    const job = { ...(await jobOf()), cacheFolder: join(folder.path, 'broken') };
    const stop = new AbortController();
    let seen = 0;
    const breakOff = () => {
      if (++seen === 5) stop.abort();
    };
    await expect(compareLikeness(job, { emit: breakOff, stop: stop.signal })).rejects.toThrow();
    expect(await compareLikeness(job, context)).toEqual(await compareLikeness(await jobOf(), context));
  }, 60_000);
});
