import { createHash } from 'node:crypto';
import { cp, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import sharp from 'sharp';
import { beforeAll, describe, expect, test } from 'vitest';

import type { OpenModel } from '../../native/families/family.ts';
import { openModel } from '../../native/families/open-model.ts';
import { checkNote, readFacts, readLacking } from '../../native/families/read-facts.ts';
import { type ModelNote, readModelNote, writeModelNote } from '../../native/files/model-note.ts';
import { runJob } from '../../native/run-job.ts';
import { openSafetensors, type TensorToWrite, writeSafetensors } from '../../native/weights/safetensors.ts';
import { temporaryFolder } from '../images/pictures.ts';
import { writeXlSingleFileModel } from '../reference/sdxl-single-file-model.ts';
import { writeSingleFileModel } from '../reference/single-file-models.ts';
import { failureOf, writeTinyModel } from '../training/tiny-model.ts';

const folder = temporaryFolder();
const at = (...names: readonly string[]) => join(folder.path, ...names);
const context = { emit: () => undefined, stop: new AbortController().signal };

/** A file with some of another's tensors, called otherwise. */
async function writePart(from: string, to: string, nameOf: (name: string) => string | null): Promise<void> {
  const file = await openSafetensors(at(from));
  const tensors = [...file.tensors].flatMap(([key, { shape }]): TensorToWrite[] => {
    const name = nameOf(key);
    return name === null ? [] : [{ name, shape, dtype: 'F32', data: () => file.readAs(key, 'float32') }];
  });
  await writeSafetensors(at(to), tensors);
  await file.close();
}

const without = (pattern: RegExp) => (name: string) => (pattern.test(name) ? null : name);
const only = (prefix: string) => (name: string) =>
  name.startsWith(prefix) ? name.slice(prefix.length) : null;

beforeAll(async () => {
  await writeSingleFileModel(folder.path, 1);
  await writeSingleFileModel(folder.path, 2);
  await writeXlSingleFileModel(folder.path);
  for (const name of ['sd1', 'sd2', 'sdxl']) {
    await writePart(`${name}.safetensors`, `${name}-no-vae.safetensors`, without(/^first_stage_model\./));
    await writePart(`${name}.safetensors`, `${name} vae.safetensors`, only('first_stage_model.'));
  }
  for (const name of ['sd1', 'sd2'])
    await writePart(`${name}.safetensors`, `${name}-no-text.safetensors`, without(/^cond_stage_model\./));
  await writePart('sd1.safetensors', 'sd1 clip.safetensors', only('cond_stage_model.transformer.'));
  await writePart('sd2.safetensors', 'sd2 clip.safetensors', only('cond_stage_model.model.'));
  for (const number of [0, 1])
    await writePart(
      'sdxl.safetensors',
      `sdxl-no-text-${number}.safetensors`,
      without(new RegExp(`^conditioner\\.embedders\\.${number}\\.`)),
    );
  await writePart('sdxl.safetensors', 'sdxl clip.safetensors', only('conditioner.embedders.0.transformer.'));
  await writeTinyModel(at('tiny'));
}, 120_000);

/** SHA-256 of the numbers of every weight. */
async function weightsOf(model: OpenModel): Promise<Readonly<Record<string, string>>> {
  const hashes: [string, string][] = [];
  for (const [component, { weights }] of model.components)
    for (const { name, data } of weights()) {
      const numbers = typeof data === 'function' ? await data() : data;
      const hash = createHash('sha256').update(
        new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength),
      );
      hashes.push([`${component} ${name}`, hash.digest('hex')]);
    }
  return Object.fromEntries(hashes.sort());
}

/** What is known of a model, and its weights; whole models are read once for all that are made of them. */
async function contentOf(base: string) {
  const model = await openModel({ base });
  const weights = await weightsOf(model);
  await model.close();
  return { weights, facts: await readFacts(base) };
}
const wholeModels = new Map<string, ReturnType<typeof contentOf>>();
function wholeModel(name: string): ReturnType<typeof contentOf> {
  const content = wholeModels.get(name) ?? contentOf(at(`${name}.safetensors`));
  wholeModels.set(name, content);
  return content;
}

let count = 0;
/** Writes a note and gives its path. */
async function noted(model: string, parts: ModelNote['parts'], prediction: ModelNote['prediction'] = null) {
  const path = at(`${count++}.model.json`);
  const lent = Object.fromEntries(Object.entries(parts).map(([part, place]) => [part, at(place)]));
  await writeModelNote(path, { model: at(model), parts: lent, prediction });
  return path;
}

describe('a model in one file that lacks a part', () => {
  test.each([
    ['sd1-no-vae', ['VAE'], ['vae']],
    ['sd2-no-text', ['text encoder'], ['text_encoder']],
    ['sdxl-no-vae', ['VAE'], ['vae']],
    ['sdxl-no-text-1', ['second text encoder'], ['text_encoder']],
    ['sd1', null, null],
  ])('says so: %s', async (name, names, parts) => {
    const lacking = await readLacking(at(`${name}.safetensors`));
    expect([lacking?.names ?? null, lacking?.parts ?? null]).toEqual([names, parts]);
  });

  test.each([
    ['sd1-no-vae', { vae: 'sd1.safetensors' }],
    ['sd1-no-vae', { vae: 'sd1' }],
    ['sd1-no-vae', { vae: 'sd1/vae' }],
    ['sd1-no-vae', { vae: 'sd1 vae.safetensors' }],
    ['sd1-no-text', { text_encoder: 'sd1.safetensors' }],
    ['sd1-no-text', { text_encoder: 'sd1' }],
    ['sd1-no-text', { text_encoder: 'sd1 clip.safetensors' }],
    ['sd2-no-vae', { vae: 'sd2.safetensors' }],
    ['sd2-no-text', { text_encoder: 'sd2.safetensors' }],
    ['sd2-no-text', { text_encoder: 'sd2 clip.safetensors' }],
    ['sd2-no-text', { text_encoder: 'sd2/text_encoder' }],
    ['sdxl-no-vae', { vae: 'sdxl.safetensors' }],
    ['sdxl-no-vae', { vae: 'sdxl vae.safetensors' }],
    ['sdxl-no-text-0', { text_encoder: 'sdxl.safetensors' }],
    ['sdxl-no-text-0', { text_encoder: 'sdxl clip.safetensors' }],
    ['sdxl-no-text-1', { text_encoder: 'sdxl' }],
  ] as const)('%s is the whole model with %o', async (name, parts) => {
    const lender = name.split('-')[0]!;
    const base = await noted(`${name}.safetensors`, parts);
    // A second encoder that is not there leaves the sizes that the UNet is told to be guessed.
    if (name !== 'sdxl-no-text-1') expect(await contentOf(base)).toEqual(await wholeModel(lender));
    expect(await readLacking(base)).toBeNull();
  });

  test('is drawn from as the whole model is, and says who lends', async () => {
    const base = await noted('sd1-no-vae.safetensors', { vae: 'sd1.safetensors' });
    const picture = (path: string, name: string) => ({
      ...{ model: { base: path }, output: at(name), prompt: 'a fox', negativePrompt: '', seed: 1 },
      ...{ sampler: 'ddim' as const, steps: 1, guidanceScale: 1, width: 64, height: 64 },
    });
    const pictures = [picture(base, 'lent.png'), picture(at('sd1.safetensors'), 'whole.png')];
    await runJob({ kind: 'generate', pictures, batchSize: 1, device: { provider: 'cpu' } }, context);
    const [lent, whole] = await Promise.all(['lent.png', 'whole.png'].map((name) => readPixels(name)));
    expect(lent).toEqual(whole);
    const info = await runJob({ kind: 'info', path: base }, context);
    expect(info.kind === 'info' && info.model?.reasons).toContain(
      `its VAE is lent by ${at('sd1.safetensors')}`,
    );
  });
});

async function readPixels(name: string): Promise<Buffer> {
  return sharp(at(name)).raw().toBuffer();
}

describe('a lender', () => {
  test.each([
    ['of another family', 'sd1-no-vae', { vae: 'sdxl.safetensors' }, 'lender-unfit'],
    ['of another family, in a folder', 'sdxl-no-vae', { vae: 'sd1' }, 'model-unsupported'],
    ['without the part', 'sd1-no-vae', { vae: 'sd1-no-vae.safetensors' }, 'lender-unfit'],
    ['that is no model', 'sd1-no-vae', { vae: 'sd1 clip.safetensors' }, 'lender-unfit'],
    ['of another width', 'sd1-no-text', { text_encoder: 'tiny' }, 'model-mismatch'],
    ['that is not there', 'sd1-no-vae', { vae: 'nowhere.safetensors' }, 'lender-missing'],
  ] as const)('%s is refused', async (_, name, parts, code) => {
    const places = Object.fromEntries(Object.entries(parts).map(([part, place]) => [part, at(place)]));
    const note = { model: at(`${name}.safetensors`), parts: places, prediction: null };
    const failure = await failureOf(checkNote(note));
    expect([failure.code, failure.hint]).toEqual([code, expect.stringMatching(/\w/)]);
  });

  test('that was removed later is named, with what to do', async () => {
    await cp(at('sd1 vae.safetensors'), at('lender.safetensors'));
    const base = await noted('sd1-no-vae.safetensors', { vae: 'lender.safetensors' });
    await checkNote((await readModelNote(base))!);
    await rm(at('lender.safetensors'));
    const bare = at('sd1-no-vae.safetensors');
    expect(await failureOf(openModel({ base }))).toMatchObject({
      code: 'lender-missing',
      message: `The VAE of ${bare} was lent by ${at('lender.safetensors')}, which is gone.`,
      hint: `Put it back, or add ${bare} again and borrow the part from another model.`,
    });
  });
});

describe('a note about a model', () => {
  test('goes with the folder that it and the lender lie in', async () => {
    await mkdir(at('home', 'models'), { recursive: true });
    await mkdir(at('home', 'downloads'), { recursive: true });
    await cp(at('sd1 vae.safetensors'), at('home', 'downloads', 'vae.safetensors'));
    const path = at('home', 'models', 'a.model.json');
    const lender = at('home', 'downloads', 'vae.safetensors');
    await writeModelNote(
      path,
      { model: at('sd1-no-vae.safetensors'), parts: { vae: lender }, prediction: null },
      at('home'),
    );
    await rename(at('home'), at('elsewhere'));
    const note = await readModelNote(at('elsewhere', 'models', 'a.model.json'));
    expect(note).toEqual({
      model: at('sd1-no-vae.safetensors'),
      parts: { vae: at('elsewhere', 'downloads', 'vae.safetensors') },
      prediction: null,
    });
  });

  test('says what the model predicts, whatever its files say', async () => {
    const said = { type: 'epsilon', because: 'a person said so' } as const;
    for (const name of ['sd2.safetensors', 'sd2']) {
      const base = await noted(name, {}, said);
      const model = await openModel({ base });
      expect(model.noise.predictionType).toBe('epsilon');
      await model.close();
      const info = await runJob({ kind: 'info', path: base }, context);
      expect(info.kind === 'info' && info.model?.reasons).toContain('it predicts noise: a person said so');
    }
  });

  test('is refused where it says nothing that can be', async () => {
    const path = at('bad.model.json');
    for (const text of [
      '{}',
      '{"model": 3}',
      '{"model": "a.model.json"}',
      '{"model": "a", "parts": {"vae": 1}}',
    ]) {
      await writeFile(path, text);
      expect((await failureOf(readModelNote(path))).code).toBe('model-note-invalid');
    }
  });
});
