import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { openModel } from '../../native/families/open-model.ts';
import { chooseRuntime } from '../../native/runtime/providers.ts';
import type { Runtime } from '../../native/runtime/runtime.ts';
import {
  createTextToImage,
  type PictureRequest,
  type SamplingSettings,
  toRgb,
} from '../../native/sampling/text-to-image.ts';
import { maxDifference } from '../graph/evaluate.ts';
import { temporaryFolder } from '../images/pictures.ts';
import { writeLoraModels } from '../reference/lora-models.ts';

interface Recipe extends PictureRequest, SamplingSettings {
  /** Strengths by the names of the files. */
  readonly loras: Readonly<Record<string, number>>;
  readonly rgb: string;
}

/** By diffusers' `load_lora_weights` and `set_adapters`, with versions: tests/reference/lora_pictures.py. */
const fixture = JSON.parse(
  readFileSync(new URL('../reference/fixtures/lora-pictures.json', import.meta.url), 'utf8'),
) as { readonly models: string; readonly pictures: readonly Recipe[] };

const folder = temporaryFolder();
let runtime: Runtime;
let models: string;
beforeAll(async () => {
  models = await writeLoraModels(folder.path);
  runtime = await chooseRuntime({ provider: 'cpu' });
});
afterAll(async () => {
  await runtime.dispose();
});

async function draw(recipe: Omit<Recipe, 'rgb'>): Promise<Uint8Array> {
  const loras = Object.entries(recipe.loras).map(([name, strength]) => ({
    file: join(folder.path, `${name}.safetensors`),
    strength,
  }));
  const model = await openModel({ base: join(folder.path, 'model'), loras });
  const pipeline = createTextToImage(runtime, model);
  try {
    const [picture] = await pipeline.generate([recipe], recipe);
    return toRgb(picture!);
  } finally {
    await pipeline.dispose();
    await model.close();
  }
}

const [plain] = fixture.pictures;
const theirs = ({ rgb }: Recipe): Buffer => Buffer.from(rgb, 'base64');

describe('a picture with LoRAs laid over the model', () => {
  test('is made with the very files the reference pictures were made with', () => {
    expect(models).toBe(fixture.models);
  });

  // 2 of 255: float32 sums in another order over a few steps, and a rounding to bytes.
  test.each(fixture.pictures.map((picture) => [JSON.stringify(picture.loras), picture] as const))(
    'is diffusers’ own within 2/255: %s',
    async (_, picture) => {
      expect(maxDifference(await draw(picture), theirs(picture))).toBeLessThanOrEqual(2);
    },
  );

  test('is not the model’s by far more than that', () => {
    for (const picture of fixture.pictures.slice(1))
      expect(maxDifference(theirs(picture), theirs(plain!)), JSON.stringify(picture.loras)).toBeGreaterThan(
        10,
      );
  });

  test.each(['kohya', 'locon', 'dora'])(
    'is the model’s own, byte for byte, at a strength of 0: %s',
    async (name) => {
      expect(await draw({ ...plain!, loras: { [name]: 0 } })).toEqual(await draw(plain!));
    },
  );
});
