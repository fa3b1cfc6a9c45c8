import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { describe, expect, test } from 'vitest';

import { checkpointFolder, createRun, writeOutcome } from '../../electron/runs/run-folder.ts';
import { writeSafetensors } from '../../native/weights/safetensors.ts';
import { exampleRun, writeCheckpoint, writeWeights } from '../runs/example-run.ts';
import { screenfold, screenfoldProcess, studio } from './typed.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

describe('the command line', () => {
  test('as a program ends with the code and the words of its command', async () => {
    const version = await screenfoldProcess(root, ['--version']);
    expect(version).toEqual({
      code: 0,
      out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) as string,
      error: '',
    });
    const wrong = await screenfoldProcess(root, ['train']);
    expect(wrong).toMatchObject({
      code: 2,
      out: '',
      error: expect.stringContaining('nothing to train') as string,
    });
  });

  test('helps', async () => {
    const help = await screenfold(root, ['--help']);
    expect(help.code).toBe(0);
    for (const command of ['train', 'resume', 'generate', 'compare', 'export', 'info', 'doctor']) {
      expect(help.out).toContain(`\n  ${command} `);
    }
  });

  test('says by what a learning rate is proposed', async () => {
    const { out } = await screenfold(root, ['train', '--help']);
    expect(out.replaceAll(/\s+/g, ' ')).toContain('(default: as the base’s card says, else by its size)');
  });

  test.each([
    [['trian'], 'There is no command "trian".\nDid you mean "train"?'],
    [['train', '--epcohs', '3'], '(Did you mean --epochs?)'],
    [['train', '--epochs', '0'], 'It must be at least 1.'],
    [['train', '--method', 'magic'], 'Allowed choices are full, lora, embedding, scratch, vae.'],
    [['train', '--device', 'gpu'], 'It is one of cuda, directml, webgpu, cpu, or cuda:1 and so on.'],
    [['train', '--device', 'cpu:1'], 'It is one of cuda, directml, webgpu, cpu, or cuda:1 and so on.'],
    [
      ['train', '--base', '.', '--data', '.', '--set', 'device.gpu=banana'],
      'device.gpu: is a number, as 1, or a place, as 00000000:01:00.0',
    ],
    [['generate', 'base', 'more', '-p', 'a fox'], 'too many arguments'],
    [['train', '--set', 'epochs'], '--set epochs does not set anything.'],
    [['train', '--sweep', 'train.epochs'], '--sweep train.epochs does not say what to try.'],
    [['train', '--sweep', 'train.epochs='], '--sweep train.epochs= does not say what to try.'],
    [['train', '--sweep', 'base=a,b'], '--sweep base=a,b does not say what to try.'],
    [
      ['train', '--sweep', 'train.seed=1,2,3,4,5,6,7,8', '--sweep', 'train.epochs=1,2,3,4,5,6,7'],
      'What is to be tried comes to more than 50 runs.',
    ],
    [['train'], 'There is nothing to train.'],
    [
      ['train', '--epochs', '3'],
      'Add --base <model>, the model to start from, and --data <folder>, the folder of images.',
    ],
    [['resume'], "missing required argument 'run'"],
    [['generate', '.'], 'There is no prompt.'],
    [['generate', '.', '-p', 'a fox', '--seed', 'x'], 'It must be whole numbers, as in 1,2,5 or 0-3.'],
  ])('ends with 2 and a word of advice on %j', async (args, words) => {
    const { code, error, out } = await screenfold(root, args);
    expect(error).toContain(words);
    expect(error).not.toContain('    at ');
    expect([code, out]).toEqual([2, '']);
  });

  test('plans a run file, with flags over it', async () => {
    const folder = studio();
    const { code, out, error } = await screenfold(folder, [
      'train',
      'foxes.json',
      '--epochs',
      '3',
      '--dry-run',
    ]);
    expect([code, error]).toEqual([0, '']);
    expect(out).toContain('foxes: 2 images and 1 held out, at 64 pixels (64x64: 2)');
    expect(out).toContain('3 epochs of 1 step: 3 steps; checkpoints after epochs 1, 2, 3');
  });

  test('plans a run for every combination of what is tried', async () => {
    const folder = studio();
    const sweep = ['--sweep', 'train.learningRate=1e-5,2e-5', '--sweep', 'train.epochs=1, 3,3'];
    const { code, out, error } = await screenfold(folder, ['train', 'foxes.json', ...sweep, '--dry-run']);
    expect([code, error]).toEqual([0, '']);
    expect(out).toContain(
      [
        '4 runs, one after the other: 8 steps in all',
        '  foxes, rate 1e-5, epochs 1: 1 step',
        '  foxes, rate 1e-5, epochs 3: 3 steps',
        '  foxes, rate 2e-5, epochs 1: 1 step',
        '  foxes, rate 2e-5, epochs 3: 3 steps',
        '',
      ].join('\n'),
    );
    expect(existsSync(join(folder, 'runs'))).toBe(false);
    const one = ['train', 'foxes.json', '--sweep', 'train.epochs=2', '--dry-run', '--json'];
    const { out: json } = await screenfold(folder, one);
    expect(JSON.parse(json.trimEnd().split('\n').at(-1)!)).toMatchObject({
      folder: join(folder, 'runs', 'foxes'),
      job: { settings: { epochs: 2 } },
    });
  });

  test('plans nothing that the base cannot do', async () => {
    const folder = studio();
    const { code, error } = await screenfold(folder, [
      'train',
      'foxes.json',
      '--clip-skip',
      '2',
      '--dry-run',
    ]);
    expect(code).not.toBe(0);
    expect(error).toContain('cannot be read at a clip skip of 2');
  });

  test('plans as JSON for programs', async () => {
    const folder = studio();
    const { out, error } = await screenfold(folder, [
      'train',
      'foxes.json',
      '--device',
      'cuda:99',
      '--dry-run',
      '--json',
    ]);
    // A machine that has GPUs has fewer.
    expect(error).toMatch(/There is no (NVIDIA GPU here|GPU 99 in this computer)/);
    const plan = JSON.parse(out.trimEnd().split('\n').at(-1)!) as Record<string, unknown>;
    expect(plan).toMatchObject({
      kind: 'plan',
      folder: join(folder, 'runs', 'foxes'),
      job: {
        ...{ base: join(folder, 'base'), cacheFolder: join(folder, 'cache') },
        device: { provider: 'cuda', gpu: '99' },
      },
    });
  });

  test('names the file, the place in it and what is meant when a run file is wrong', async () => {
    const folder = studio();
    writeFileSync(join(folder, 'wrong.json'), '{"base":"base","data":{"foldr":"images"}}');
    const { code, error } = await screenfold(folder, ['train', 'wrong.json']);
    expect(code).toBe(2);
    expect(error).toContain('wrong.json does not describe a run:\n');
    expect(error).toContain('data.foldr: there is no such key; did you mean "folder"?');
  });

  test.each([
    [['generate', 'base', '-p', 'fox', '-s', '9007199254740992'], 'It must be at most 9007199254740991.'],
    [['generate', 'base', '-p', 'fox', '--size', '80000'], 'It must be at most 8192 pixels a side.'],
    [['generate', 'base', '-p', 'fox', '--steps', '1000000000'], 'It must be from 1 to 1000.'],
    [
      ['train', 'foxes.json', '--set', 'device.threads=1e9'],
      'device.threads: must be at most 1024, is 1000000000',
    ],
    [['train', 'foxes.json', '--set', 'samples.steps=1e9'], 'samples.steps: must be at most 1000'],
    [['train', 'foxes.json', '--set', 'samples.batchSize=1e9'], 'samples.batchSize: must be at most 4096'],
    [['train', 'foxes.json', '--set', 'data.repeats=1e9'], 'data.repeats: must be at most 100000'],
    [['train', 'foxes.json', '--seed', '9007199254740993'], 'It must be at most 9007199254740991.'],
    [['train', 'foxes.json', '--rank', '1000000000'], 'method.rank: must be at most 16384, is 1000000000'],
    [
      ['train', 'foxes.json', '--set', 'method.kind=lora', '--set', 'method.rank=1e9'],
      'method.rank: must be',
    ],
    [['train', 'foxes.json', '--set', 'train.seed=1e300'], 'train.seed: must be at most 9007199254740991'],
    [['train', 'foxes.json', '--resolution', '800000'], 'resolution: must be at most 8192, is 800000'],
    [['train', 'foxes.json', '--set', 'samples.width=1e9'], 'samples.width: must be at most 8192'],
    [['train', 'foxes.json', '--set', 'samples.seeds=[1e17]'], 'samples.seeds[0]: must be at most'],
    [
      ['train', 'foxes.json', '--epochs', '2000000000'],
      'train.epochs: must be at most 1000000, is 2000000000',
    ],
  ])('tells the limit of what is far too large: %j', async (args, told) => {
    const { code, error } = await screenfold(studio(), args);
    expect(code).toBe(2);
    expect(error).toContain(told);
    expect(error.split(told)).toHaveLength(2);
    expect(error).not.toContain('fault in Screenfold');
  });

  test('tells a failure to a person on one stream and to a program on the other', async () => {
    const folder = studio();
    const { code, out, error } = await screenfold(folder, [
      'train',
      '--base',
      'nowhere',
      '--data',
      'images',
      '--json',
    ]);
    expect(code).toBe(1);
    expect(error).toBe(
      `There is no base model at ${join(folder, 'nowhere')}.\n` +
        'Choose a .safetensors or .ckpt file of a whole model, or a diffusers folder: it has model_index.json, unet/ and vae/ in it.\n',
    );
    expect(JSON.parse(out)).toMatchObject({ error: { code: 'base-missing' } });
  });

  test('does not touch a run that has finished', async () => {
    const folder = studio();
    const run = exampleRun(join(folder, 'runs', 'foxes'));
    await createRun(run);
    await writeOutcome(run.folder, {
      end: 'finished',
      step: 1,
      epoch: 1,
      trainLoss: 0,
      validationLoss: null,
    });
    for (const args of [
      ['resume', run.folder],
      ['train', run.folder],
      ['train', 'foxes.json'],
    ]) {
      const { code, error } = await screenfold(folder, args);
      expect(error).toContain(`The run in ${run.folder} has finished; nothing was changed.`);
      expect(code).toBe(1);
    }
  });

  test('describes a run', async () => {
    const folder = studio();
    const run = exampleRun(join(folder, 'runs', 'foxes'));
    await createRun(run);
    writeWeights(run.job.base);
    writeCheckpoint(run, 5);
    const { code, out } = await screenfold(folder, ['info', run.folder]);
    expect(code).toBe(0);
    expect(out).toContain('2 images and 1 held out');
    expect(out).toContain('  trained: full finetuning of UNet\n');
    expect(out).toContain('epoch    5');
    expect(out).toContain(`screenfold resume ${run.folder}`);
  });

  test('says of a LoRA run and its checkpoint what was trained, in which rank and strength', async () => {
    const folder = studio();
    const run = exampleRun(join(folder, 'runs', 'foxes'), {
      method: { kind: 'lora', rank: 8, alpha: 4, textEncoder: true },
    });
    await createRun(run);
    const trained = '  trained: LoRA of rank 8, alpha 4, on UNet and text encoder\n';
    expect((await screenfold(folder, ['info', run.folder])).out).toContain(trained);

    const checkpoint = checkpointFolder(run.folder, 5);
    mkdirSync(checkpoint, { recursive: true });
    const data = () => Promise.resolve(new Float32Array(8 * 16));
    const prefix = 'lora_unet_mid_block_attentions_0_proj_in';
    await writeSafetensors(join(checkpoint, 'lora.safetensors'), [
      { name: `${prefix}.lora_down.weight`, dtype: 'F32', shape: [8, 16], data },
      { name: `${prefix}.lora_up.weight`, dtype: 'F32', shape: [16, 8], data },
    ]);
    writeFileSync(join(checkpoint, 'checkpoint.json'), JSON.stringify({ method: run.job.method }));
    const told = await screenfold(folder, ['info', checkpoint]);
    expect([told.code, told.error]).toEqual([0, '']);
    expect(told.out).toContain(trained);
    expect(told.out).toContain('rank 8, on 1 module of the UNet');
    for (const unsaid of ['{', '{}', '{"method":{"kind":"magic"}}']) {
      writeFileSync(join(checkpoint, 'checkpoint.json'), unsaid);
      expect((await screenfold(folder, ['info', checkpoint])).code).toBe(0);
    }
  });

  test('will not compare epochs that were not kept', async () => {
    const folder = studio();
    const run = exampleRun(join(folder, 'runs', 'foxes'));
    await createRun(run);
    const { code, error } = await screenfold(folder, ['compare', run.folder, '--epochs', '0,3']);
    expect(error).toContain('has no checkpoint of epoch 3.\nIt has the base (0).');
    expect(code).toBe(1);
  });
});
