import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import sharp from 'sharp';
import { beforeAll, describe, expect, test } from 'vitest';

import { writeSafetensors } from '../../native/weights/safetensors.ts';
import { maxDifference } from '../graph/evaluate.ts';
import { temporaryFolder } from '../images/pictures.ts';
import { writeLoraModels } from '../reference/lora-models.ts';
import { drawImages } from '../training/tiny-model.ts';
import { screenfold } from './typed.ts';

const temporary = temporaryFolder();
let folder: string;
beforeAll(async () => {
  folder = temporary.path;
  await writeLoraModels(folder);
});

const pixels = async (file: string): Promise<Buffer> => sharp(file).raw().toBuffer();

async function generate(
  ...args: readonly string[]
): Promise<{ readonly file: string; readonly error: string }> {
  const { file, error } = await tryGenerate(...args);
  expect(error).toBe('');
  return { file, error };
}

async function tryGenerate(
  ...args: readonly string[]
): Promise<{ readonly file: string; readonly out: string; readonly error: string }> {
  const { code, out, error } = await screenfold(folder, [
    ...['generate', ...args, '-p', 'a red square', '--steps', '2', '--sampler', 'ddim'],
    ...['--device', 'cpu', '-o', 'pictures'],
  ]);
  expect([code, error]).toEqual([0, error]);
  return { file: out.trimEnd().split('\n').at(-1)!, out, error };
}

describe('a new word at the command line', () => {
  test('is read where a prompt says it, and the picture tells of its file', async () => {
    const data = Float32Array.from({ length: 16 }, (_, i) => (i % 2 === 0 ? 3 : -3));
    await writeSafetensors(join(folder, 'glyph.safetensors'), [
      { name: '<sks>', dtype: 'F32', shape: [1, 16], data },
    ]);
    await writeSafetensors(join(folder, 'many.safetensors'), [
      { name: 'red', dtype: 'F32', shape: [3, 16], data: new Float32Array(48) },
    ]);
    const plain = await generate('model');
    const file = join(folder, 'glyph.safetensors');
    const own = await tryGenerate('model', '--embedding', 'glyph.safetensors');
    expect(own.out).toContain(`“<sks>” stands for 1 vector of ${file}\n`);
    expect(own.error).toBe(`No prompt has the word “<sks>”, so ${file} changes nothing.\n`);
    const red = await tryGenerate('model', '--embedding', 'glyph.safetensors:red');
    expect([red.out.split('\n')[0], red.error]).toEqual([expect.stringContaining(`“red” stands for`), '']);
    expect(await pixels(own.file)).toEqual(await pixels(plain.file));
    expect(maxDifference(await pixels(red.file), await pixels(plain.file))).toBeGreaterThan(2);
    const long = Array.from({ length: 80 }, () => 'red').join(' ');
    const many = await screenfold(folder, [
      ...['generate', 'model', '--embedding', 'many.safetensors:red', '-p', long, '--steps', '1'],
      ...['--device', 'cpu', '-o', 'pictures'],
    ]);
    expect(many.error).toMatch(/has 240 tokens, more than the \d+ tokens this model reads/);
    expect(readFileSync(red.file).toString('latin1')).toContain('Embeddings: glyph');
  });

  test('is described, with the models that it fits', async () => {
    const write = (name: string, tensors: Readonly<Record<string, number>>) =>
      writeSafetensors(
        join(folder, name),
        Object.entries(tensors).map(([tensor, width]) => {
          const data = () => Promise.resolve(new Float32Array(2 * width));
          return { name: tensor, dtype: 'F32' as const, shape: [2, width], data };
        }),
      );
    await write('first.safetensors', { '<sks>': 768 });
    await write('xl-word.safetensors', { clip_l: 768, clip_g: 1280 });
    const told = async (name: string) => (await screenfold(folder, ['info', name])).out;
    const first = await told('first.safetensors');
    expect(first).toContain('first.safetensors: an embedding (textual inversion)\n  its word: <sks>\n');
    expect(first).toContain('  2 vectors of 768 numbers, which fit models of Stable Diffusion 1.x\n');
    expect(first).toMatch(/ 1 tensor /);
    expect(await told('xl-word.safetensors')).toContain(
      '  its word: xl-word\n  2 vectors of 768 and 1280 numbers, which fit models of SDXL\n',
    );
  });
});

describe('LoRAs at the command line', () => {
  test('are laid over a model with their strengths, and merged into what is exported', async () => {
    const loras = ['--lora', 'kohya.safetensors:0.8', '--lora', 'locon.safetensors:.5'];
    const plain = await generate('model');
    const nothing = await generate('model', '--lora', 'kohya.safetensors:0');
    const laid = await generate('model', ...loras);
    expect(await pixels(nothing.file)).toEqual(await pixels(plain.file));
    expect(maxDifference(await pixels(laid.file), await pixels(plain.file))).toBeGreaterThan(2);
    expect(readFileSync(laid.file).toString('latin1')).toContain('LoRA: "kohya 0.8, locon 0.5"');

    const whole = ['--precision', 'float32', ...loras];
    const made = await screenfold(folder, ['export', 'model', '--as', 'diffusers', '-o', 'merged', ...whole]);
    expect([made.code, made.error]).toEqual([0, '']);
    expect(await pixels((await generate('merged')).file)).toEqual(await pixels(laid.file));
  });

  test('cannot be merged into a LoRA', async () => {
    const { code, error } = await screenfold(folder, [
      ...['export', 'model', '--as', 'lora', '-o', 'l.safetensors', '--lora', 'kohya.safetensors'],
    ]);
    expect([code, error]).toEqual([1, expect.stringContaining('cannot be merged into the file of another')]);
  });

  test('are described', async () => {
    const { out } = await screenfold(folder, ['info', 'locon.safetensors']);
    expect(out).toContain('locon.safetensors: a LoRA with convolutions (LoCon)\n');
    expect(out).toContain('its UNet reads texts of the width 16, as no usual model does\n');
    expect(out).toMatch(/rank 3, on \d+ modules of the UNet, in kohya’s names\n/);
    const json = await screenfold(folder, ['info', 'dora.safetensors', '--json']);
    expect(JSON.parse(json.out)).toMatchObject({ model: { lora: { form: 'dora', base: null, ranks: [2] } } });
  });

  test('are trained on in the rank that they have', async () => {
    await drawImages(join(folder, 'images'), 3);
    const train = [
      'train',
      '--base',
      'model',
      '--data',
      'images',
      '--caption',
      'a cat',
      '--json',
      '--dry-run',
    ];
    const { code, out } = await screenfold(folder, [...train, '--lora-from', 'locon.safetensors']);
    expect([code, JSON.parse(out.trimEnd().split('\n').at(-1)!)]).toEqual([
      0,
      expect.objectContaining({
        job: expect.objectContaining({
          method: {
            ...{ kind: 'lora', rank: 3, alpha: 3, textEncoder: false },
            from: join(folder, 'locon.safetensors'),
          },
        }) as unknown,
      }),
    ]);
    const other = await screenfold(folder, [...train, '--lora-from', 'locon.safetensors', '--rank', '8']);
    expect([other.code, other.error]).toEqual([1, expect.stringContaining('has rank 3, the run has rank 8')]);
    const none = await screenfold(folder, [
      ...train,
      '--lora-from',
      'model/vae/diffusion_pytorch_model.safetensors',
    ]);
    expect([none.code, none.error]).toEqual([1, expect.stringContaining('not a LoRA that can be used here')]);
  });

  test('are told for what they are where a model is wanted, with the way to use them', async () => {
    const { code, error } = await screenfold(folder, ['generate', 'kohya.safetensors', '-p', 'a cat']);
    expect(code).toBe(1);
    expect(error).toContain(`${join(folder, 'kohya.safetensors')} is a LoRA.`);
    expect(error).toContain(`screenfold generate <model> --lora ${join(folder, 'kohya.safetensors')}:0.8`);
  });

  test('that are none are told as well', async () => {
    const { code, error } = await screenfold(folder, [
      ...['generate', 'model', '-p', 'a cat', '--lora', 'model/unet/diffusion_pytorch_model.safetensors'],
    ]);
    expect([code, error]).toEqual([1, expect.stringContaining('cannot be used as a LoRA here')]);
    const gone = await screenfold(folder, ['generate', 'model', '-p', 'a cat', '--lora', 'gone.safetensors']);
    expect([gone.code, gone.error]).toEqual([1, expect.stringContaining('gone.safetensors')]);
  });
});
