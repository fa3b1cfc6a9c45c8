import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { beforeAll, describe, expect, test } from 'vitest';

import type { OpenModel } from '../../native/families/family.ts';
import { openModel } from '../../native/families/open-model.ts';
import { runJob } from '../../native/run-job.ts';
import {
  openSafetensors,
  type SafetensorsDtype,
  type TensorToWrite,
  writeSafetensors,
} from '../../native/weights/safetensors.ts';
import { temporaryFolder } from '../images/pictures.ts';
import { tinyConfigs, writeTinyModel } from '../training/tiny-model.ts';
import { writeTinyXlModel } from '../training/tiny-xl-model.ts';

const context = { emit: () => undefined, stop: new AbortController().signal };

async function readAll(model: OpenModel): Promise<ReadonlyMap<string, readonly number[]>> {
  const numbers = new Map<string, readonly number[]>();
  for (const [component, { weights }] of model.components)
    for (const { name, data } of weights())
      numbers.set(`${component} ${name}`, [...(typeof data === 'function' ? await data() : data)]);
  return numbers;
}

async function tensorsOf(path: string, dtype: SafetensorsDtype): Promise<TensorToWrite[]> {
  const file = await openSafetensors(path);
  const tensors = await Promise.all(
    [...file.tensors].map(async ([name, { shape }]): Promise<TensorToWrite> => {
      return { name, shape, dtype, data: await file.readAs(name, 'float32') };
    }),
  );
  await file.close();
  return tensors;
}

describe.each([
  { kind: 'Stable Diffusion 1.x', parts: ['unet', 'vae', 'text_encoder'], write: writeTinyModel },
  {
    kind: 'Stable Diffusion XL',
    parts: ['unet', 'vae', 'text_encoder', 'text_encoder_2'],
    write: writeTinyXlModel,
  },
])('a folder of $kind', ({ parts, write }) => {
  const folder = temporaryFolder();
  const at = (...names: readonly string[]) => join(folder.path, ...names);
  const stemOf = (part: string) => (part.startsWith('text') ? 'model' : 'diffusion_pytorch_model');
  let whole: ReadonlyMap<string, readonly number[]>;
  beforeAll(async () => {
    await write(at('model'));
    const model = await openModel({ base: at('model') });
    whole = await readAll(model);
    await model.close();
  });

  /** A copy whose components have their weights otherwise. */
  async function changed(
    name: string,
    change: (folder: string, stem: string, tensors: string) => Promise<void>,
  ): Promise<string> {
    await cp(at('model'), at(name), { recursive: true });
    for (const part of parts) {
      const file = at(name, part, `${stemOf(part)}.safetensors`);
      await change(at(name, part), stemOf(part), file);
    }
    return at(name);
  }

  async function opened(path: string) {
    const model = await openModel({ base: path });
    const numbers = await readAll(model);
    await model.close();
    return numbers;
  }

  const narrow = (dtype: 'F16' | 'BF16', name: string) =>
    changed(name, async (component, stem, file) => {
      const tensors = await tensorsOf(file, dtype);
      await rm(file);
      await writeSafetensors(
        join(component, `${stem}.${dtype === 'F16' ? 'fp16' : 'bf16'}.safetensors`),
        tensors,
      );
    });

  test.each([
    ['F16', 2 ** -11],
    ['BF16', 2 ** -8],
  ] as const)('that has %s variants alone is read, rounded as its type rounds', async (dtype, most) => {
    const numbers = await opened(await narrow(dtype, dtype));
    expect([...numbers.keys()]).toEqual([...whole.keys()]);
    const wrong = [...numbers].filter(([key, values]) =>
      values.some((value, i) => {
        const exact = whole.get(key)![i]!;
        return Math.abs(value - exact) > Math.max(2 ** -24, Math.abs(exact) * most);
      }),
    );
    expect(wrong.map(([key]) => key)).toEqual([]);
  });

  test('that has all its weights as bfloat16 under their usual names is read', async () => {
    const path = await changed('brain', async (_, __, file) => {
      await writeSafetensors(file, await tensorsOf(file, 'BF16'));
    });
    expect([...(await opened(path)).keys()]).toEqual([...whole.keys()]);
  });

  test('that has both is read in whole', async () => {
    const path = await changed('both', async (component, stem, file) => {
      const tensors = await tensorsOf(file, 'F16');
      await writeSafetensors(join(component, `${stem}.fp16.safetensors`), tensors);
    });
    expect(await opened(path)).toEqual(whole);
  });

  test.each([
    ['', (stem: string) => `${stem}.safetensors.index.json`],
    ['fp16.', (stem: string) => `${stem}.safetensors.index.fp16.json`],
  ])('that is cut into %sshards is read', async (variant, indexOf) => {
    const path = await changed(`shards ${variant}`, async (component, stem, file) => {
      const tensors = await tensorsOf(file, 'F32');
      await rm(file);
      const map: Record<string, string> = {};
      for (const shard of [0, 1]) {
        const name = `${stem}.${variant}0000${shard + 1}-of-00002.safetensors`;
        const own = tensors.filter((_, i) => i % 2 === shard);
        await writeSafetensors(join(component, name), own);
        for (const tensor of own) map[tensor.name] = name;
      }
      const index = { metadata: { total_size: 1 }, weight_map: map };
      await writeFile(join(component, indexOf(stem)), JSON.stringify(index));
    });
    expect(await opened(path)).toEqual(whole);
  });

  test.each([
    ['without its folder', (path: string) => rm(join(path, 'scheduler'), { recursive: true })],
    ['with an empty folder', (path: string) => rm(join(path, 'scheduler', 'scheduler_config.json'))],
  ])('that has no noise schedule, %s, takes the usual one and says so', async (name, change) => {
    const path = await changed(name, () => Promise.resolve());
    await change(path);
    const model = await openModel({ base: path });
    const { scheduler } = model.noise;
    expect([
      scheduler.betaStart,
      scheduler.betaEnd,
      scheduler.betaSchedule,
      scheduler.trainTimesteps,
    ]).toEqual([0.00085, 0.012, 'scaled_linear', 1000]);
    expect(model.noise.predictionType).toBe('epsilon');
    await model.close();
    const info = await runJob({ kind: 'info', path }, context);
    expect(info.kind === 'info' && info.model?.reasons).toEqual([
      'it has no noise schedule, so the usual one is taken; it predicts noise',
    ]);
  });

  test('whose safety checker is there, or is only named, is read without it', async () => {
    const path = await changed('checked', () => Promise.resolve());
    const file = join(path, 'model_index.json');
    const index = JSON.parse(await readFile(file, 'utf8')) as object;
    const named = {
      ...index,
      safety_checker: ['stable_diffusion', 'StableDiffusionSafetyChecker'],
      feature_extractor: ['transformers', 'CLIPImageProcessor'],
      requires_safety_checker: true,
    };
    await writeFile(file, JSON.stringify(named));
    expect(await opened(path)).toEqual(whole);
    await mkdir(join(path, 'safety_checker'));
    await writeFile(join(path, 'safety_checker', 'config.json'), '{}');
    await writeFile(join(path, 'safety_checker', 'pytorch_model.bin'), 'no weights');
    expect(await opened(path)).toEqual(whole);
  });
});

describe('a folder of Stable Diffusion 2.x that has no noise schedule', () => {
  const folder = temporaryFolder();
  test.each([
    [96, 'v_prediction', /for 768 px is taken; it predicts velocity$/],
    [64, 'epsilon', /it predicts noise$/],
  ] as const)('and was made for latents of %s predicts %s', async (edge, prediction, reason) => {
    const path = join(folder.path, String(edge));
    await writeTinyModel(path);
    await rm(join(path, 'scheduler'), { recursive: true });
    const config = { ...tinyConfigs.unet, sample_size: edge, use_linear_projection: true };
    await writeFile(join(path, 'unet', 'config.json'), JSON.stringify(config));
    const model = await openModel({ base: path });
    expect(model.noise.predictionType).toBe(prediction);
    await model.close();
    const info = await runJob({ kind: 'info', path }, context);
    expect(info.kind === 'info' && info.model?.reasons?.[0]).toMatch(reason);
  });
});
