import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import sharp from 'sharp';
import { beforeAll, describe, expect, test } from 'vitest';

import { openSafetensors, type TensorToWrite, writeSafetensors } from '../../native/weights/safetensors.ts';
import { temporaryFolder } from '../images/pictures.ts';
import { writeSingleFileModel } from '../reference/single-file-models.ts';
import { drawImages } from '../training/tiny-model.ts';
import { screenfold } from './typed.ts';

const temporary = temporaryFolder();
let folder: string;
beforeAll(async () => {
  folder = temporary.path;
  await writeSingleFileModel(folder, 1);
  await rewrite('sd1.safetensors', 'bare.safetensors', (name) => name.startsWith('model.'));
}, 60_000);

/** A file of those tensors of another that are wanted, without what its maker noted. */
async function rewrite(from: string, to: string, wanted: (name: string) => boolean): Promise<void> {
  const file = await openSafetensors(join(folder, from));
  const tensors = [...file.tensors].map(([name, { shape }]): TensorToWrite => ({
    ...{ name, shape, dtype: 'F32' },
    data: () => file.readAs(name, 'float32'),
  }));
  await writeSafetensors(
    join(folder, to),
    tensors.filter(({ name }) => wanted(name)),
  );
  await file.close();
}

const lent = ['--vae', 'sd1/vae', '--text-encoder', 'sd1.safetensors'];

async function drawn(...args: readonly string[]): Promise<Buffer> {
  const { code, out, error } = await screenfold(folder, [
    ...['generate', ...args, '-p', 'a red square', '--steps', '1', '--sampler', 'ddim', '--size', '64'],
    ...['--device', 'cpu', '-o', 'pictures'],
  ]);
  expect([code, error]).toEqual([0, '']);
  return sharp(out.trimEnd().split('\n').at(-1)).raw().toBuffer();
}

describe('a model that lacks parts, at the command line', () => {
  test('says what it lacks, and what lends it', async () => {
    const { out } = await screenfold(folder, ['info', 'bare.safetensors']);
    expect(out).toContain('it has no VAE, which another model can lend');
    expect(out).toContain('it has no text encoder, which another model can lend');
    const { code, error } = await screenfold(folder, ['generate', 'bare.safetensors', '-p', 'a fox']);
    expect([code, error]).toEqual([1, expect.stringMatching(/without its VAE.*\n.*--vae/)]);
  });

  test('is drawn from and exported with what it is lent', async () => {
    const whole = await drawn('sd1.safetensors');
    expect(await drawn('bare.safetensors', ...lent)).toEqual(whole);
    const options = ['--as', 'single-file', '--precision', 'float32', '-o', 'again.safetensors'];
    const made = await screenfold(folder, ['export', 'bare.safetensors', ...lent, ...options]);
    expect([made.code, made.error]).toEqual([0, '']);
    expect(await drawn('again.safetensors')).toEqual(whole);
  });

  test('is trained; the run remembers the lender', async () => {
    await drawImages(join(folder, 'images'), 2, [[64, 64]]);
    const train = [
      ...['train', '--base', 'bare.safetensors', '--data', 'images', '--caption', 'a cat', '--name', 'cats'],
      ...['--method', 'lora', '--rank', '2', '--epochs', '1', '--resolution', '64', '--device', 'cpu'],
      ...['--set', 'samples.prompts=[]', '--vae', 'sd1/vae', '--text-encoder-from', 'sd1.safetensors'],
    ];
    const planned = await screenfold(folder, [...train, '--dry-run']);
    expect([planned.code, planned.error]).toEqual([0, '']);
    expect(existsSync(join(folder, 'runs'))).toBe(false);
    const trained = await screenfold(folder, train);
    expect([trained.code, trained.error]).toEqual([0, '']);
    expect(readdirSync(join(folder, 'runs', 'cats'))).toContain('bare.model.json');
    const picture = await drawn('runs/cats', '--epoch', '0');
    expect(picture).toEqual(await drawn('sd1.safetensors'));
    rmSync(join(folder, 'sd1', 'vae'), { recursive: true });
    const { code, error } = await screenfold(folder, ['generate', 'runs/cats', '-p', 'a fox']);
    expect([code, error]).toEqual([
      1,
      expect.stringMatching(/VAE of .*bare\.safetensors was lent by .*which is gone/),
    ]);
  });

  test('is told what it predicts', async () => {
    await writeSingleFileModel(folder, 2);
    await rewrite('sd2.safetensors', 'unsaid.safetensors', () => true);
    const args = [
      'generate',
      'unsaid.safetensors',
      '-p',
      'a fox',
      '--steps',
      '1',
      '--size',
      '64',
      '--device',
      'cpu',
    ];
    const guessed = await screenfold(folder, args);
    expect(guessed.error).toMatch(/Nothing says what unsaid\.safetensors predicts; velocity is assumed/);
    const told = await screenfold(folder, [...args, '--prediction', 'epsilon']);
    expect([told.code, told.error]).toEqual([0, '']);
    const probed = await screenfold(folder, ['info', 'unsaid.safetensors', '--probe']);
    expect(probed.out).toMatch(/found to predict|did not tell what it predicts/);
  });
});
