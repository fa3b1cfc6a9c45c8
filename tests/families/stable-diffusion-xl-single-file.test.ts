import { readFileSync } from 'node:fs';
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { Component, OpenModel } from '../../native/families/family.ts';
import { openModel } from '../../native/families/open-model.ts';
import { readFacts } from '../../native/families/read-facts.ts';
import { stableDiffusionFile } from '../../native/families/stable-diffusion/single-file/single-file.ts';
import { stableDiffusionXlFile } from '../../native/families/stable-diffusion-xl/single-file/single-file.ts';
import { whatFile } from '../../native/families/what-file.ts';
import type { ModelReference } from '../../native/jobs.ts';
import { runJob } from '../../native/run-job.ts';
import { chooseRuntime } from '../../native/runtime/providers.ts';
import type { Runtime } from '../../native/runtime/runtime.ts';
import { createTextToImage, toRgb } from '../../native/sampling/text-to-image.ts';
import { openSafetensors, type TensorToWrite, writeSafetensors } from '../../native/weights/safetensors.ts';
import type { TensorFile } from '../../native/weights/tensor-file.ts';
import { maxDifference } from '../graph/evaluate.ts';
import { temporaryFolder } from '../images/pictures.ts';
import { type FullSizeName, readFullSize, readSingleFileTensors } from '../reference/fixture.ts';
import { writeXlSingleFileModel } from '../reference/sdxl-single-file-model.ts';
import { fileHash } from '../reference/single-file-models.ts';
import { drawImages, failureOf, tinyJob, trainHere } from '../training/tiny-model.ts';

/** diffusers 0.42.1, transformers 5.24.0, PyTorch; made by tests/reference/sdxl_single_file.py. */
const fixture = JSON.parse(
  readFileSync(new URL('../reference/fixtures/sdxl-single-file.json', import.meta.url), 'utf8'),
) as {
  readonly settings: {
    readonly prompt: string;
    readonly negativePrompt: string;
    readonly seed: number;
    readonly steps: number;
    readonly guidanceScale: number;
    readonly width: number;
    readonly height: number;
  };
  readonly sha256: string;
  readonly rgb: string;
};

type Shapes = ReadonlyMap<string, readonly number[]>;

/** A file of which there are names and shapes alone. */
function listed(shapes: Shapes, metadata: Readonly<Record<string, string>> = {}): TensorFile {
  const unread = (): never => {
    throw new Error('There are no weights.');
  };
  return {
    path: 'model.safetensors',
    tensors: new Map([...shapes].map(([name, shape]) => [name, { dtype: 'F16', shape }])),
    metadata: new Map(Object.entries(metadata)),
    ...{ read: unread, readAs: unread, readInto: unread },
    close: () => Promise.resolve(),
  };
}

const made = (file: TensorFile) => stableDiffusionXlFile({ file, vae: null, config: null });

const published = [
  ['unet', 'sdxl-unet'],
  ['vae', 'vae'],
  ['text_encoder', 'sd1-text-encoder'],
  ['text_encoder_2', 'sdxl-text-encoder-2'],
] as const satisfies readonly (readonly [string, FullSizeName])[];

describe('the published file of Stable Diffusion XL', () => {
  test('has every weight under its name, and nothing is left over', async () => {
    const shapes = await readSingleFileTensors('sdxl');
    const model = made(listed(shapes))!;
    const used = new Set<string>();
    for (const [component, full] of published) {
      const { parameters } = await readFullSize(full);
      const weights = model.components.get(component)!.weights();
      for (const { key } of weights.values()) used.add(key);
      expect([...weights].map(([key, { shape }]) => [key, shape.join()]).sort()).toEqual(
        [...parameters].map(([key, shape]) => [key, shape.join()]).sort(),
      );
    }
    const left = [...shapes.keys()].filter((key) => !used.has(key));
    expect(left.filter((key) => !model.leavesAside(key))).toEqual([]);
    expect(left.filter((key) => !/position_ids$|logit_scale$/.test(key))).toEqual([]);
  });

  test('is understood as diffusers has its configs', async () => {
    const model = made(listed(await readSingleFileTensors('sdxl')))!;
    expect(model.label).toBe('Stable Diffusion XL');
    for (const [component, full] of published) {
      const { config } = (await readFullSize(full)) as { readonly config: Record<string, unknown> };
      const own = model.components.get(component)!.config;
      // The VAE has the shapes of the first Stable Diffusion's, and a size and a scale of its own.
      const same = Object.keys(own).filter(
        (key) => key in config && !(component === 'vae' && ['sample_size', 'scaling_factor'].includes(key)),
      );
      expect(same.length).toBeGreaterThan(8);
      for (const key of same) expect([component, key, own[key]]).toEqual([component, key, config[key]]);
    }
    expect(model.components.get('vae')!.config).toMatchObject({
      sample_size: 1024,
      scaling_factor: 0.13025,
      force_upcast: true,
    });
    expect(model.scheduler).toMatchObject({ prediction_type: 'epsilon', timestep_spacing: 'leading' });
  });

  test('is made out without its text encoders and its VAE, which it then lacks', async () => {
    const shapes = [...(await readSingleFileTensors('sdxl'))];
    const unet = made(listed(new Map(shapes.filter(([name]) => name.startsWith('model.')))))!;
    expect([unet.label, ...unet.components.keys()]).toEqual(['Stable Diffusion XL', 'unet']);
    expect(unet.components.get('unet')!.config).toMatchObject({ addition_time_embed_dim: 256 });
  });

  test('may say that it predicts velocity', async () => {
    const shapes = await readSingleFileTensors('sdxl');
    const marked = made(listed(new Map([...shapes, ['v_pred', []], ['ztsnr', []]])))!;
    expect(marked.scheduler).toMatchObject({
      prediction_type: 'v_prediction',
      rescale_betas_zero_snr: true,
    });
  });

  test.each([
    [
      'an SDXL refiner',
      (shapes: Shapes) =>
        renamed(shapes, /^conditioner\.embedders\.0\.transformer\./, 'conditioner.embedders.0.model.'),
    ],
    [
      'an SDXL inpainting model',
      (shapes: Shapes) =>
        new Map([...shapes, ['model.diffusion_model.input_blocks.0.0.weight', [320, 9, 3, 3]]] as const),
    ],
    [
      'an SDXL model that was trained with other noise (EDM)',
      (shapes: Shapes) => new Map([...shapes, ['edm_mean', [1, 4, 1, 1]]] as const),
    ],
    [
      'the UNet of an SDXL model',
      (shapes: Shapes) =>
        new Map(
          [...shapes]
            .filter(([name]) => !name.startsWith('conditioner.'))
            // As the refiner's reads texts of the second encoder alone.
            .map(([name, shape]) => [name, shape.map((extent) => (extent === 2048 ? 1280 : extent))]),
        ),
    ],
  ])('changed into %s is told as that', async (what, change) => {
    const file = listed(change(await readSingleFileTensors('sdxl')));
    expect([made(file), stableDiffusionFile({ file, vae: null, config: null })]).toEqual([null, null]);
    expect(whatFile(file).what).toBe(what);
  });
});

function renamed(shapes: Shapes, from: RegExp, to: string): Shapes {
  return new Map([...shapes].map(([name, shape]) => [name.replace(from, to), shape]));
}

describe('a tiny Stable Diffusion XL in one file', () => {
  const folder = temporaryFolder();
  let runtime: Runtime;
  let inFolder: OpenModel;
  let inFile: OpenModel;
  const path = () => join(folder.path, 'sdxl.safetensors');
  beforeAll(async () => {
    await writeXlSingleFileModel(folder.path);
    runtime = await chooseRuntime({ provider: 'cpu' });
    inFolder = await openModel({ base: join(folder.path, 'sdxl') });
    inFile = await openModel({ base: path() });
    // Two vocabularies of CLIP's size are drawn and written, which takes long beside other tests.
  }, 60_000);
  afterAll(async () => {
    await inFile.close();
    await inFolder.close();
    await runtime.dispose();
  });

  const read = async (component: Component) => {
    const weights = await Promise.all(
      component.weights().map(async ({ name, shape, data }) => {
        const numbers = typeof data === 'function' ? await data() : data;
        return [name, { shape, numbers }] as const;
      }),
    );
    return new Map(weights);
  };

  /** The file with some of its tensors changed. */
  async function rewritten(name: string, keeps: (tensor: TensorToWrite) => boolean): Promise<string> {
    const file = await openSafetensors(path());
    const tensors = [...file.tensors].map(([key, { shape }]): TensorToWrite => ({
      ...{ name: key, shape, dtype: 'F32' },
      data: () => file.readAs(key, 'float32'),
    }));
    const other = join(folder.path, name);
    await writeSafetensors(other, tensors.filter(keeps));
    await file.close();
    return other;
  }

  test('is written as it was when diffusers read it', async () => {
    await expect(fileHash(path())).resolves.toBe(fixture.sha256);
  });

  test('has every weight of the folder it was written from, and says of itself what that says', async () => {
    for (const [component, own] of inFolder.components)
      expect(await read(inFile.component(component))).toEqual(await read(own));
    expect(await readFacts(path())).toEqual(await readFacts(join(folder.path, 'sdxl')));
  });

  test('makes the picture that diffusers makes of it, within 2/255', async () => {
    const { prompt, negativePrompt, seed, ...settings } = fixture.settings;
    const pipeline = createTextToImage(runtime, inFile);
    const request = { prompt, negativePrompt, seed };
    const [picture] = await pipeline.generate([request], { ...settings, sampler: 'ddim' });
    await pipeline.dispose();
    expect(maxDifference(toRgb(picture!), Buffer.from(fixture.rgb, 'base64'))).toBeLessThanOrEqual(2);
  });

  test('is written to a folder again, with its tokenizers', async () => {
    const again = join(folder.path, 'again');
    await inFile.save(again, 'float32');
    const model = await openModel({ base: again });
    for (const [component, own] of inFolder.components)
      expect(await read(model.component(component))).toEqual(await read(own));
    const caption = 'a fox, ünïcode 狐!';
    expect(model.conditioning.tokenize(caption)).toEqual(inFolder.conditioning.tokenize(caption));
    await model.close();
  });

  test('is trained over, and what became of it is one file again that makes the checkpoint’s own picture', async () => {
    const at = (name: string): string => join(folder.path, name);
    const context = { emit: () => undefined, stop: new AbortController().signal };
    const images = await drawImages(at('images'), 2, [[64, 64]]);
    const method = { kind: 'lora', textEncoder: true, rank: 2, alpha: 2 } as const;
    const changes = { epochs: 1, checkpointEpochs: [1], learningRate: 1e-2 };
    await trainHere(tinyJob({ folder: at('run'), base: path(), images, method }, changes));
    const trained = { base: path(), checkpoint: join(at('run'), 'checkpoints', 'epoch-0001') };
    const output = at('trained.safetensors');
    const job = { kind: 'export', format: 'single-file', precision: 'float32', metadata: {} } as const;
    await runJob({ ...job, model: trained, output }, context);
    const draw = async (model: ModelReference, name: string) => {
      const recipe = {
        prompt: 'a red square',
        negativePrompt: '',
        seed: 1,
        sampler: 'ddim',
        steps: 2,
      } as const;
      const picture = { ...recipe, model, guidanceScale: 3, width: 64, height: 64, output: at(name) };
      await runJob(
        { kind: 'generate', pictures: [picture], batchSize: 1, device: { provider: 'cpu' } },
        context,
      );
      return sharp(at(name)).raw().toBuffer();
    };
    const own = await draw(trained, 'trained.png');
    expect(await draw({ base: output }, 'exported.png')).toEqual(own);
    expect(await draw({ base: path() }, 'untouched.png')).not.toEqual(own);
  }, 120_000);

  test('names what is missing', async () => {
    const bare = await rewritten('bare.safetensors', ({ name }) => !name.startsWith('first_stage_model.'));
    await expect(failureOf(openModel({ base: bare }))).resolves.toMatchObject({
      code: 'model-part-missing',
      message: `${bare} is a Stable Diffusion XL without its VAE.`,
    });
    const half = await rewritten(
      'half.safetensors',
      ({ name }) => !name.startsWith('conditioner.embedders.0.'),
    );
    await expect(failureOf(openModel({ base: half }))).resolves.toMatchObject({
      code: 'model-part-missing',
      message: `${half} is a Stable Diffusion XL without its text encoder.`,
    });
    const torn = await rewritten(
      'torn.safetensors',
      ({ name }) => !name.endsWith('middle_block.1.transformer_blocks.1.norm3.weight'),
    );
    await expect(failureOf(openModel({ base: torn }))).resolves.toMatchObject({ code: 'tensor-missing' });
  });

  test('is not written of a model that a reader would take for another', async () => {
    const other = join(folder.path, 'other');
    await cp(join(folder.path, 'sdxl'), other, { recursive: true });
    const edit = async (name: string, change: object) => {
      const file = join(other, name);
      const config = JSON.parse(await readFile(file, 'utf8')) as object;
      await writeFile(file, JSON.stringify({ ...config, ...change }));
    };
    const refused = async () => {
      const model = await openModel({ base: other });
      const failure = await failureOf(model.saveFile(join(folder.path, 'unfit.safetensors'), 'float32', {}));
      await model.close();
      expect(failure.code).toBe('single-file-unfit');
      return failure.message;
    };
    await edit('model_index.json', { force_zeros_for_empty_prompt: false });
    expect(await refused()).toContain('prompts that are not given');
    await edit('unet/config.json', { attention_head_dim: [1, 2, 2] });
    expect(await refused()).toContain('unet: heads');
  });
});
