import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { readBaseModel } from '../../electron/runs/base-model.ts';
import { failureOf } from './failure-of.ts';
import { writePretendConfigs } from './pretend-configs.ts';
import { temporaryFolder } from './temporary-folder.ts';

test('a base is taken at the size it was made for, its VAE alone at its own', async () => {
  const folder = temporaryFolder();
  writePretendConfigs(folder, 16);
  expect(await readBaseModel(folder, 'lora')).toEqual({ folder, resolution: 64, vaeFactor: 4, pixelStep: 8 });
  expect(await readBaseModel(folder, 'vae')).toEqual({ folder, resolution: 512, vaeFactor: 4, pixelStep: 4 });
});

test('a base that is not there is named', async () => {
  const folder = temporaryFolder();
  const nowhere = join(folder, 'nowhere');
  const missing = await failureOf(readBaseModel(nowhere, 'full'));
  expect([missing.code, missing.message]).toEqual(['base-missing', `There is no base model at ${nowhere}.`]);
  const file = join(folder, 'model.safetensors');
  writeFileSync(file, '');
  const none = await failureOf(readBaseModel(file, 'full'));
  expect([none.code, none.message]).toEqual(['base-invalid', `${file} is empty`]);
});

test('a base that the engine could not build is refused, naming the file', async () => {
  const folder = temporaryFolder();
  writePretendConfigs(folder, 16);
  const config = join(folder, 'unet', 'config.json');
  for (const text of ['{', '{}', '{"block_out_channels":[32,64]}']) {
    writeFileSync(config, text);
    const failure = await failureOf(readBaseModel(folder, 'full'));
    expect(failure.code).toBe('base-invalid');
    expect(failure.message).toContain(config);
    expect(failure.hint).not.toBe('');
  }
  rmSync(join(folder, 'model_index.json'));
  expect(await failureOf(readBaseModel(folder, 'full'))).toMatchObject({
    code: 'base-invalid',
    message: `${folder} has no model_index.json`,
  });
});
