import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import sharp from 'sharp';
import { beforeAll, describe, expect, test } from 'vitest';

import { makeFolder } from '../../native/files/atomic-file.ts';
import type { ExportJob, JobContext, ModelReference } from '../../native/jobs.ts';
import { runJob } from '../../native/run-job.ts';
import { proveExport } from '../../native/sampling/prove-export.ts';
import { writeKohyaLora } from '../../native/weights/lora-file.ts';
import { maxDifference } from '../graph/evaluate.ts';
import { temporaryFolder } from '../images/pictures.ts';
import { writeSingleFileModel } from '../reference/single-file-models.ts';
import { failureOf, tinyLora, tinyLoraLayout, writeTinyModel } from '../training/tiny-model.ts';
import { writeTinyXlModel } from '../training/tiny-xl-model.ts';

const folder = temporaryFolder();
const at = (...parts: readonly string[]): string => join(folder.path, ...parts);
const context: JobContext = { emit: () => undefined, stop: new AbortController().signal };
const trained = (): ModelReference => ({ base: at('base'), checkpoint: at('checkpoint') });
const recipe = { prompt: 'a red square', negativePrompt: '', seed: 3, guidanceScale: 4 };

beforeAll(async () => {
  await writeTinyModel(at('base'));
  await writeTinyXlModel(at('xl'));
  await writeSingleFileModel(folder.path, 1);
  await makeFolder(at('checkpoint'));
  await writeKohyaLora(at('checkpoint', 'lora.safetensors'), tinyLora(), tinyLoraLayout, 'float32', {});
});

function jobOf(name: string, changes: Partial<ExportJob> = {}): ExportJob {
  const output = at(name);
  const proof = { ...recipe, device: { provider: 'cpu' }, output: at(`${name}.png`) } as const;
  return {
    ...{ kind: 'export', model: trained(), format: 'diffusers', output, precision: 'float32' },
    ...{ metadata: {}, proof },
    ...changes,
  };
}

describe('an export that is to be proven', () => {
  test.each([
    ['folder', 'diffusers', 'base'],
    ['file.safetensors', 'single-file', 'sd1.safetensors'],
    ['lora.safetensors', 'lora', 'base'],
    ['peft.safetensors', 'lora', 'base'],
    ['graphs', 'onnx', 'base'],
    ['xl graphs', 'onnx', 'xl'],
  ] as const)('is opened again and draws what the checkpoint draws: %s', async (name, format, base) => {
    const model = base === 'base' ? trained() : { base: at(base) };
    const changes = name.startsWith('peft') ? ({ loraNames: 'peft' } as const) : {};
    const result = await runJob(jobOf(name, { ...changes, model, format }), context);
    if (result.kind !== 'export') throw new Error('Exporting gave something else.');
    const { width, height, most, mean, allowed } = result.proof!;
    expect(most).toBeLessThanOrEqual(2);
    expect(mean).toBeLessThan(0.1);
    expect(allowed.most).toBe(2);

    const both = sharp(at(`${name}.png`));
    expect(await both.metadata()).toMatchObject({ width: 2 * width + 8, height });
    const picture = { ...recipe, model, sampler: 'dpm++-2m-karras', steps: 6, width, height } as const;
    const output = at(`${name} own.png`);
    await runJob(
      { kind: 'generate', pictures: [{ ...picture, output }], batchSize: 1, device: { provider: 'cpu' } },
      context,
    );
    const own = await sharp(output).raw().toBuffer();
    const left = await both.clone().extract({ left: 0, top: 0, width, height }).raw().toBuffer();
    const right = await both
      .clone()
      .extract({ left: width + 8, top: 0, width, height })
      .raw()
      .toBuffer();
    expect(left).toEqual(own);
    expect(maxDifference(right, own)).toBe(most);
  });

  test.each(['diffusers', 'onnx'] as const)('may differ a little in float16: %s', async (format) => {
    const result = await runJob(jobOf(`half ${format}`, { format, precision: 'float16' }), context);
    if (result.kind !== 'export') throw new Error('Exporting gave something else.');
    expect(result.proof!.most).toBeGreaterThan(0);
    expect(result.proof!.mean).toBeLessThan(1);
  });

  test('fails where it draws another picture, as one that lacks the LoRA does', async () => {
    for (const [format, name] of [
      ['diffusers', 'lacking'],
      ['onnx', 'lacking graphs'],
    ] as const) {
      const { proof: asked, ...bare } = jobOf(name, { format, model: { base: at('base') } });
      await runJob(bare, context);
      for (const precision of ['float32', 'float16'] as const) {
        const failure = await failureOf(
          proveExport({ ...bare, precision, model: trained() }, asked!, context),
        );
        expect([failure.code, failure.message]).toEqual([
          'export-differs',
          expect.stringMatching(/differ by [\d.]+ on average/),
        ]);
      }
      await expect(readFile(asked!.output)).rejects.toThrow('ENOENT');
    }
  });

  test('leaves nothing where it cannot be proven, or is stopped while it is', async () => {
    const stop = new AbortController();
    const phases = new Set<string>();
    const stopping: JobContext = {
      stop: stop.signal,
      emit: (event) => {
        if (event.type !== 'progress') return;
        phases.add(event.phase);
        if (event.phase === 'proving') stop.abort();
      },
    };
    await makeFolder(at('stopped'));
    for (const format of ['diffusers', 'onnx'] as const) {
      const failure = await failureOf(runJob(jobOf('stopped/model', { format }), stopping));
      expect(failure.code).toBe('export-stopped');
      expect(await readdir(at('stopped'))).toEqual([]);
    }
    expect([...phases]).toEqual(['writing', 'proving']);

    const proof = {
      ...recipe,
      device: { provider: 'cpu' },
      output: at('nowhere', 'at all', 'proof.png'),
    } as const;
    const failure = await failureOf(runJob(jobOf('stopped/model', { proof }), context));
    expect(failure.code).toBe('write-failed');
    expect(await readdir(at('stopped'))).toEqual([]);
  });
});
