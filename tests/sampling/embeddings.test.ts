import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { openModel } from '../../native/families/open-model.ts';
import type { EmbeddingUse } from '../../native/jobs.ts';
import { chooseRuntime } from '../../native/runtime/providers.ts';
import type { Runtime } from '../../native/runtime/runtime.ts';
import { createTextToImage, type SamplingSettings, toRgb } from '../../native/sampling/text-to-image.ts';
import { createClipTokenizer } from '../../native/tokenizer/clip-tokenizer.ts';
import { saysWord, withNewWords } from '../../native/tokenizer/new-words.ts';
import { folderTokenizer } from '../../native/tokenizer/tokenizer-source.ts';
import { writeSafetensors } from '../../native/weights/safetensors.ts';
import { maxDifference } from '../graph/evaluate.ts';
import { temporaryFolder } from '../images/pictures.ts';
import { writeXlModels } from '../reference/sdxl-models.ts';
import { writeTextToImageModels } from '../reference/text-to-image-models.ts';
import { failureOf } from '../training/tiny-model.ts';

interface FamilyCase {
  readonly models: string;
  /** By component. */
  readonly vectors: Readonly<Record<string, string>>;
  readonly rgb: string;
}

/** diffusers, transformers and PyTorch in the versions it names; made by tests/reference/embeddings.py. */
const fixture = JSON.parse(
  readFileSync(new URL('../reference/fixtures/embeddings.json', import.meta.url), 'utf8'),
) as {
  readonly recipe: SamplingSettings & {
    readonly prompt: string;
    readonly negativePrompt: string;
    readonly seed: number;
  };
  readonly word: string;
  readonly sd: FamilyCase;
  readonly xl: FamilyCase;
};
const { recipe, word } = fixture;

const folder = temporaryFolder();
const baseOf = (family: 'sd' | 'xl') => join(folder.path, family === 'sd' ? 'epsilon' : 'xl');
const written = { sd: '', xl: '' };
let runtime: Runtime;
beforeAll(async () => {
  written.sd = await writeTextToImageModels(folder.path);
  written.xl = await writeXlModels(folder.path);
  runtime = await chooseRuntime({ provider: 'cpu' });
});
afterAll(() => runtime.dispose());

const floats = (base64: string): Float32Array<ArrayBuffer> =>
  new Float32Array(new Uint8Array(Buffer.from(base64, 'base64')).buffer);

/** Writes vectors under these names, two in each tensor. */
async function writeVectors(file: string, tensors: Readonly<Record<string, Float32Array<ArrayBuffer>>>) {
  const path = join(folder.path, file);
  await writeSafetensors(
    path,
    Object.entries(tensors).map(([name, data]) => ({
      name,
      dtype: 'F32' as const,
      shape: [2, data.length / 2],
      data: () => Promise.resolve(data),
    })),
  );
  return path;
}

async function draw(family: 'sd' | 'xl', embeddings: readonly EmbeddingUse[], prompt = recipe.prompt) {
  const model = await openModel({ base: baseOf(family), embeddings });
  const pipeline = createTextToImage(runtime, model);
  const [picture] = await pipeline.generate([{ ...recipe, prompt }], recipe);
  await pipeline.dispose();
  await model.close();
  return toRgb(picture!);
}

describe('new words', () => {
  const own = fixture.sd.vectors.text_encoder!;

  test('are read by the very files the reference pictures were made with', () => {
    expect(written).toEqual({ sd: fixture.sd.models, xl: fixture.xl.models });
  });

  // 2 of 255: float32 sums in another order over a few steps, and a rounding to bytes.
  test.each([
    ['diffusers', { [word]: floats(own) }, undefined],
    ['A1111 and kohya', { emb_params: floats(own) }, word],
  ])('as %s has them draw diffusers’ picture within 2/255', async (_, tensors, called) => {
    const file = await writeVectors(`${called === undefined ? 'diffusers' : 'a1111'}.safetensors`, tensors);
    const drawn = await draw('sd', [{ file, ...(called !== undefined && { word: called }) }]);
    expect(maxDifference(drawn, Buffer.from(fixture.sd.rgb, 'base64'))).toBeLessThanOrEqual(2);
  });

  test('of both encoders of Stable Diffusion XL draw diffusers’ picture within 2/255', async () => {
    const { text_encoder: first, text_encoder_2: second } = fixture.xl.vectors;
    const file = await writeVectors('xl.safetensors', { clip_l: floats(first!), clip_g: floats(second!) });
    const drawn = await draw('xl', [{ file, word }]);
    expect(maxDifference(drawn, Buffer.from(fixture.xl.rgb, 'base64'))).toBeLessThanOrEqual(2);
  });

  test('change nothing where a prompt does not say them, and much where it does', async () => {
    const file = await writeVectors('glyph.safetensors', { emb_params: floats(own).map((x) => 20 * x) });
    const without = await draw('sd', [], 'a red square');
    expect(maxDifference(await draw('sd', [{ file }], 'a red square'), without)).toBeLessThanOrEqual(1);
    // The file's name is its word.
    expect(maxDifference(await draw('sd', [{ file }], 'a GLYPH square'), without)).toBeGreaterThan(2);
  });

  test('that are of another model, or none, are refused by name', async () => {
    const wide = await writeVectors('wide.safetensors', { emb_params: new Float32Array(2 * 24) });
    const both = await writeVectors('both.safetensors', { clip_l: floats(own), clip_g: floats(own) });
    const one = await writeVectors('one.safetensors', { emb_params: floats(own) });
    const other = await writeVectors('other.safetensors', { a: floats(own), b: floats(own) });
    const refused = async (family: 'sd' | 'xl', file: string) => {
      const { code, message } = await failureOf(openModel({ base: baseOf(family), embeddings: [{ file }] }));
      return [code, message.slice(file.length)];
    };
    expect(await refused('sd', wide)).toEqual([
      'embedding-misfit',
      " does not fit this model: its vectors have 24 numbers, and this model's text encoder takes 16.",
    ]);
    expect(await refused('sd', both)).toEqual([
      'embedding-misfit',
      ' does not fit this model: it is for Stable Diffusion XL, and this model is not.',
    ]);
    expect(await refused('xl', one)).toEqual([
      'embedding-misfit',
      ' does not fit this model: it has no clip_l, which Stable Diffusion XL needs.',
    ]);
    expect((await refused('sd', other))[0]).toBe('embedding-unknown');
  });

  test('that are not whole are refused by name', async () => {
    const refused = async (file: string, called?: string) => {
      const embeddings = [{ file, ...(called !== undefined && { word: called }) }];
      const { code, message } = await failureOf(openModel({ base: baseOf('sd'), embeddings }));
      expect(message).toContain(file);
      return [code, message.slice(file.length)];
    };
    const blank = await writeVectors('blank.safetensors', { ' ': floats(own) });
    expect((await refused(blank))[0]).toBe('embedding-nameless');
    expect((await refused(blank, ' '))[0]).toBe('embedding-nameless');
    const endless = floats(own);
    endless[5] = Number.NaN;
    const damaged = await writeVectors('damaged.safetensors', { emb_params: endless });
    expect((await refused(damaged))[0]).toBe('embedding-damaged');
    const scalar = join(folder.path, 'scalar.safetensors');
    await writeSafetensors(scalar, [
      { name: word, dtype: 'F32', shape: [], data: () => Promise.resolve(new Float32Array(1)) },
    ]);
    expect(await refused(scalar)).toEqual([
      'embedding-misfit',
      ' does not fit this model: it has a single number, and no vectors.',
    ]);
  });

  test('of two files are not the same word', async () => {
    const first = await writeVectors('first.safetensors', { Glyph: floats(own) });
    const second = await writeVectors('second.safetensors', { emb_params: floats(own) });
    const embeddings = [{ file: first }, { file: second, word: 'glyph' }];
    const { code, message } = await failureOf(openModel({ base: baseOf('sd'), embeddings }));
    expect([code, message]).toEqual([
      'embedding-word-taken',
      `${second} and ${first} both stand for “glyph”.`,
    ]);
  });

  test('are told from others where a prompt says them', () => {
    expect(
      ['a (GLYPH:1.2)', 'glyph, snow', 'BREAK <glyph>'].map((prompt) => saysWord(prompt, 'glyph')),
    ).toEqual([true, true, true]);
    expect(['glyphs', '', 'a_glyph'].some((prompt) => saysWord(prompt, 'glyph'))).toBe(false);
  });

  test('are found whole, whatever their case, the longest first', async () => {
    const own = createClipTokenizer(await folderTokenizer(join(baseOf('sd'), 'tokenizer')).read());
    const taught = withNewWords(own, [
      { word: 'sks', ids: [600] },
      { word: 'sks-dog', ids: [601, 602] },
    ]);
    expect(taught.ids('a sks, a SKS-dog')).toEqual([...own.ids('a'), 600, ...own.ids(', a'), 601, 602]);
    expect(taught.ids('asks sksd')).toEqual(own.ids('asks sksd'));
    // ſ is an s in another case, though toLowerCase leaves it as it is.
    expect(taught.ids('a ſKſ')).toEqual([...own.ids('a'), 600]);
    expect(taught.count('sks-dog sks')).toBe(3);
    expect(taught.encode('sks').slice(0, 3)).toEqual([own.bosId, 600, own.eosId]);
  });
});
