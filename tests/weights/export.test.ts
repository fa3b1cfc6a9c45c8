import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import sharp from 'sharp';
import { beforeAll, describe, expect, test } from 'vitest';

import { openModel } from '../../native/families/open-model.ts';
import { makeFolder } from '../../native/files/atomic-file.ts';
import type { ExportJob, ModelReference } from '../../native/jobs.ts';
import { runJob } from '../../native/run-job.ts';
import { writeKohyaLora } from '../../native/weights/lora-file.ts';
import { openSafetensors } from '../../native/weights/safetensors.ts';
import { maxDifference } from '../graph/evaluate.ts';
import { temporaryFolder } from '../images/pictures.ts';
import {
  failureOf,
  hashTree,
  tinyLora,
  tinyLoraLayout,
  tinyScheduler,
  writeTinyModel,
} from '../training/tiny-model.ts';
import { tinyXlLora, tinyXlLoraLayout, writeTinyXlModel } from '../training/tiny-xl-model.ts';

const folder = temporaryFolder();
const at = (...parts: readonly string[]): string => join(folder.path, ...parts);
const context = { emit: () => undefined, stop: new AbortController().signal };
let withLora: ModelReference;
beforeAll(async () => {
  await writeTinyModel(at('base'));
  await makeFolder(at('checkpoint'));
  await writeKohyaLora(at('checkpoint', 'lora.safetensors'), tinyLora(), tinyLoraLayout, 'float32', {});
  withLora = { base: at('base'), checkpoint: at('checkpoint') };
});

function exportTo(output: string, model: ModelReference, changes: Partial<ExportJob> = {}) {
  const job = {
    kind: 'export',
    model,
    format: 'diffusers',
    output,
    precision: 'float32',
    metadata: {},
  } as const;
  return runJob({ ...job, ...changes }, context);
}

/** A picture of the model, as bytes. */
async function draw(model: ModelReference, name: string): Promise<Buffer> {
  const recipe = { prompt: 'a red square', negativePrompt: '', seed: 1, sampler: 'ddim', steps: 4 } as const;
  const picture = { ...recipe, model, guidanceScale: 3, width: 32, height: 32, output: at(name) };
  await runJob({ kind: 'generate', pictures: [picture], batchSize: 1, device: { provider: 'cpu' } }, context);
  return sharp(at(name)).raw().toBuffer();
}

describe('a model exported as a diffusers folder', () => {
  test('makes the picture that base and checkpoint make', async () => {
    const result = await exportTo(at('new', 'merged'), withLora);
    const files = await hashTree(at('new', 'merged'));
    expect(Object.keys(files).sort()).toEqual(
      [
        'model_index.json',
        'scheduler/scheduler_config.json',
        'text_encoder/config.json',
        'text_encoder/model.safetensors',
        'tokenizer/merges.txt',
        'tokenizer/special_tokens_map.json',
        'tokenizer/tokenizer_config.json',
        'tokenizer/vocab.json',
        'unet/config.json',
        'unet/diffusion_pytorch_model.safetensors',
        'vae/config.json',
        'vae/diffusion_pytorch_model.safetensors',
      ].map((file) => join(...file.split('/'))),
    );
    const sizes = await Promise.all(
      Object.keys(files).map(async (file) => (await readFile(at('new', 'merged', file))).length),
    );
    expect(result).toEqual({
      kind: 'export',
      output: at('new', 'merged'),
      bytes: sizes.reduce((sum, size) => sum + size),
    });

    const [merged, laid, base] = [
      await draw({ base: at('new', 'merged') }, 'merged.png'),
      await draw(withLora, 'laid.png'),
      await draw({ base: at('base') }, 'base.png'),
    ];
    expect(merged).toEqual(laid);
    expect(maxDifference(merged, base)).toBeGreaterThan(2);
  });

  test('is in half precision where that is wanted, and hardly another model', async () => {
    await exportTo(at('half'), withLora, { precision: 'float16' });
    const file = await openSafetensors(at('half', 'unet', 'diffusion_pytorch_model.safetensors'));
    expect(new Set([...file.tensors.values()].map(({ dtype }) => dtype))).toEqual(new Set(['F16']));
    await file.close();
    // Rounding weights of order one to 11 bits.
    const [half, whole] = [await draw({ base: at('half') }, 'half.png'), await draw(withLora, 'whole.png')];
    expect(maxDifference(half, whole)).toBeLessThan(8);
  });

  test('holds the base again, byte for byte, where there is no checkpoint', async () => {
    await exportTo(at('copy'), { base: at('base') });
    expect(await hashTree(at('copy'))).toEqual(await hashTree(at('base')));
  });

  test('is refused where something is, or where parts have no weights; nothing is left half-written', async () => {
    const before = await hashTree(at('base'));
    const taken = await failureOf(exportTo(at('base'), withLora));
    expect([taken.code, taken.message]).toEqual(['output-exists', expect.stringContaining(at('base'))]);
    expect(await hashTree(at('base'))).toEqual(before);

    await writeTinyModel(at('bare'), { withoutWeights: ['unet'] });
    const bare = await failureOf(exportTo(at('from bare'), { base: at('bare') }));
    expect([bare.code, bare.message]).toEqual(['weights-missing', expect.stringMatching(/unet/)]);
    await expect(readFile(at('from bare', 'model_index.json'))).rejects.toThrow('ENOENT');

    const below = await failureOf(exportTo(at('base', 'model_index.json', 'out'), withLora));
    expect(below.code).toBe('write-failed');
  });
});

describe('a LoRA exported for other tools', () => {
  const exportLora = (output: string, model = withLora, changes: Partial<ExportJob> = {}) =>
    exportTo(output, model, { format: 'lora', ...changes });

  test('has kohya’s keys, metadata in strings, and does what the checkpoint does', async () => {
    const metadata = { ss_output_name: 'mine', 'modelspec.title': 'Mine' };
    await exportLora(at('shared', 'mine.safetensors'), withLora, { metadata });
    const file = await openSafetensors(at('shared', 'mine.safetensors'));
    const keys = [...file.tensors.keys()];
    for (const key of keys) {
      expect(key).toMatch(/^lora_(unet|te)_[a-z0-9_]+\.(lora_down\.weight|lora_up\.weight|alpha)$/);
    }
    // 48 modules of the UNet's four transformers, 12 of the text encoder's two layers.
    expect(keys).toHaveLength(3 * 60);
    expect(file.tensors.get('lora_te_text_model_encoder_layers_1_mlp_fc1.alpha')!.shape).toEqual([]);
    expect(Object.fromEntries(file.metadata)).toMatchObject({
      ss_v2: 'False',
      ss_base_model_version: 'sd_v1',
      ss_network_module: 'networks.lora',
      ss_network_dim: '2',
      ss_network_alpha: '3',
      ss_network_args: '{}',
      ss_output_name: 'mine',
      'modelspec.title': 'Mine',
      'modelspec.architecture': 'stable-diffusion-v1/lora',
      sshs_model_hash: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
    });
    await file.close();

    await makeFolder(at('again'));
    await writeFile(at('again', 'lora.safetensors'), await readFile(at('shared', 'mine.safetensors')));
    const again = await draw({ base: at('base'), checkpoint: at('again') }, 'again.png');
    expect(again).toEqual(await draw(withLora, 'first.png'));
  });

  test('has PEFT’s names where those are wanted, and makes the same picture', async () => {
    await exportLora(at('peft.safetensors'), withLora, { loraNames: 'peft' });
    const lora = { base: at('base'), loras: [{ file: at('peft.safetensors'), strength: 1 }] };
    // The alpha inside rounds the matrices once more.
    const pictures = [await draw(lora, 'peft.png'), await draw(withLora, 'kohya.png')] as const;
    expect(maxDifference(...pictures)).toBeLessThan(3);
    const file = await openSafetensors(at('peft.safetensors'));
    expect(
      [...file.tensors.keys()].every((key) => /^(unet|text_encoder)\..*\.lora_[AB]\.weight$/.test(key)),
    ).toBe(true);
    await file.close();
  });

  test('of Stable Diffusion XL has both text encoders under PEFT’s names', async () => {
    await writeTinyXlModel(at('xl'));
    await makeFolder(at('xl checkpoint'));
    const own = at('xl checkpoint', 'lora.safetensors');
    await writeKohyaLora(own, tinyXlLora(), tinyXlLoraLayout, 'float32', {});
    const trained = { base: at('xl'), checkpoint: at('xl checkpoint') };
    await exportLora(at('xl peft.safetensors'), trained, { loraNames: 'peft' });
    const lora = { base: at('xl'), loras: [{ file: at('xl peft.safetensors'), strength: 1 }] };
    const pictures = [await draw(lora, 'xl-peft.png'), await draw(trained, 'xl-kohya.png')] as const;
    expect(maxDifference(...pictures)).toBeLessThan(3);
    const file = await openSafetensors(at('xl peft.safetensors'));
    expect(new Set([...file.tensors.keys()].map((key) => key.split('.')[0]))).toEqual(
      new Set(['unet', 'text_encoder', 'text_encoder_2']),
    );
    await file.close();
  });

  test('is refused of a checkpoint without one, of a base alone, for another model, and over a file', async () => {
    for (const model of [{ base: at('base') }, { base: at('base'), checkpoint: at('base') }]) {
      expect((await failureOf(exportLora(at('none.safetensors'), model))).code).toBe('not-a-lora');
    }
    await exportLora(at('taken.safetensors'));
    expect((await failureOf(exportLora(at('taken.safetensors')))).code).toBe('output-exists');

    await makeFolder(at('foreign'));
    const [first] = tinyLora();
    const foreign = [{ ...first!, module: 'down_blocks.7.attentions.0.proj_in' }];
    await writeKohyaLora(at('foreign', 'lora.safetensors'), foreign, tinyLoraLayout, 'float32', {});
    const failure = await failureOf(
      exportLora(at('foreign.safetensors'), { base: at('base'), checkpoint: at('foreign') }),
    );
    expect([failure.code, failure.message]).toEqual([
      'lora-invalid',
      expect.stringContaining('down_blocks_7'),
    ]);
  });
});

describe('a checkpoint laid over its base', () => {
  test('hashes as what it holds, not as where it lies', async () => {
    const hashOf = async (reference: ModelReference): Promise<string> => {
      const model = await openModel(reference);
      const hash = await model.component('unet').hash();
      await model.close();
      return hash;
    };
    await makeFolder(at('moved'));
    const file = at('moved', 'lora.safetensors');
    await writeFile(file, await readFile(at('checkpoint', 'lora.safetensors')));
    const moved = { base: at('base'), checkpoint: at('moved') };
    const before = await hashOf(moved);
    expect(before).toBe(await hashOf(withLora));
    expect(before).not.toBe(await hashOf({ base: at('base') }));
    expect(before).not.toBe(await hashOf({ ...moved, loraScale: 0.5 }));
    await rm(file);
    await writeKohyaLora(file, tinyLora(2, 1), tinyLoraLayout, 'float32', {});
    expect(await hashOf(moved)).not.toBe(before);
  });

  test('keeps the noise schedule of the base', async () => {
    await writeTinyModel(at('velocity'), { scheduler: { prediction_type: 'v_prediction' } });
    await exportTo(at('velocity out'), { base: at('velocity'), checkpoint: at('checkpoint') });
    const scheduler = await readFile(at('velocity out', 'scheduler', 'scheduler_config.json'), 'utf8');
    expect(JSON.parse(scheduler)).toEqual({ ...tinyScheduler, prediction_type: 'v_prediction' });
  });
});
