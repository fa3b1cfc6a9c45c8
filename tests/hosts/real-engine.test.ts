import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';

import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { screenfold, screenfoldProcess, studio } from '../cli/typed.ts';
import { writeTinyModel } from '../training/tiny-model.ts';

let folder = '';

/** What a line that succeeds prints. */
async function typed(...args: readonly string[]): Promise<string> {
  const { code, out, error } = await screenfold(folder, args);
  expect([code, error]).toEqual([0, '']);
  return out;
}

/** Flags of a run over the three images, on the provider that every machine has. */
function run(name: string, epochs: number, ...flags: readonly string[]): readonly string[] {
  const template = ['--caption-template', 'official art of ${file}'];
  return ['train', '--name', name, '--base', 'model', '--data', 'images', '--epochs', String(epochs)]
    .concat(template, ['--validation', '1', '--learning-rate', '0.001', '--device', 'cpu'])
    .concat('--set', 'cacheFolder=cache', '--set', 'samples.steps=2', ...flags);
}

/** SHA-256 of every file under a folder, by its path. */
function hashes(of: string): Readonly<Record<string, string>> {
  const files = readdirSync(of, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(
    files.map(({ parentPath, name }) => {
      const file = join(parentPath, name);
      return [relative(of, file), createHash('sha256').update(readFileSync(file)).digest('hex')];
    }),
  );
}

/** Six processes of the engine, on machines that do something else besides; ends in seconds. */
const patience = 180_000;

describe('the real engine behind the command line', { timeout: patience }, () => {
  beforeAll(async () => {
    folder = studio(mkdtempSync(join(tmpdir(), 'screenfold 狐 ü ')));
    await writeTinyModel(join(folder, 'model'));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  test('takes up a killed run and ends it with the bytes of one that was not', async () => {
    const flags = ['--checkpoints', '1,2'];
    await typed(...run('whole', 30, ...flags));
    const killed = await screenfoldProcess(folder, run('killed', 30, ...flags), 'Epoch  2/');
    expect([killed.code, killed.out]).toEqual([null, expect.not.stringContaining('Finished') as string]);
    const { code, out } = await screenfold(folder, ['resume', 'runs/killed']);
    expect([code, out]).toEqual([0, expect.stringContaining('Finished') as string]);
    for (const part of ['checkpoints', 'state']) {
      expect(hashes(join(folder, 'runs/killed', part))).toEqual(hashes(join(folder, 'runs/whole', part)));
    }
  });

  test('trains a LoRA, puts its epochs side by side, and exports one', async () => {
    await typed(...run('lora', 2, '--rank', '2', '--set', 'samples.seeds=[0,1]'));
    expect(await typed('compare', 'runs/lora')).toContain('6 pictures, 6 of them still to make.');
    const sheet = await sharp(join(folder, 'runs/lora/compare/sheet.png')).metadata();
    expect(sheet.width).toBeGreaterThan(4 * 192);
    expect(await typed('export', 'runs/lora', '--epoch', '1')).toContain('lora-epoch-1.safetensors\n');
    expect((await screenfold(folder, ['resume', 'runs/lora'])).code).not.toBe(0);
    const longer = await typed('resume', 'runs/lora', '--epochs', '3');
    expect(longer).toContain('Training on from epoch 2 to epoch 3');
    expect(longer).toContain('export runs/lora --epoch 3');
  });
});
