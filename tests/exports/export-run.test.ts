import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import sharp from 'sharp';
import { describe, expect, test } from 'vitest';

import type { Engine } from '../../electron/engine/engine.ts';
import { exportModel } from '../../electron/exports/export-model.ts';
import { exportRun, tagFrequency } from '../../electron/exports/export-run.ts';
import { Failure } from '../../native/failure.ts';
import type { ExportJob, ExportProof, Job } from '../../native/jobs.ts';
import { exampleRun, writeCheckpoint, writeWeights } from '../runs/example-run.ts';
import { failureOf } from '../runs/failure-of.ts';
import { temporaryFolder } from '../runs/temporary-folder.ts';

/** How pictures that it draws come out. */
const proof: ExportProof = {
  ...{ steps: 6, width: 64, height: 64, mean: 0.25, most: 3 },
  allowed: { mean: 2, most: 64 },
};

/** Writes what was asked for, with `weights` for weights, and remembers the job. Of LoRAs it knows the licence. */
function exportingEngine(): { readonly engine: Engine; readonly jobs: ExportJob[] } {
  const jobs: ExportJob[] = [];
  const run = (job: Job) => {
    if (job.kind === 'info') {
      const metadata = { 'modelspec.license': 'mit' };
      return Promise.resolve({ kind: 'info', model: { metadata } });
    }
    if (job.kind !== 'export') throw new Error('This engine only exports.');
    jobs.push(job);
    if (job.format === 'diffusers' || job.format === 'onnx') writeWeights(job.output);
    else {
      mkdirSync(dirname(job.output), { recursive: true });
      writeFileSync(job.output, 'weights');
    }
    if (job.proof) writeFileSync(job.proof.output, 'picture');
    return Promise.resolve({
      ...{ kind: 'export', output: job.output, bytes: 7 },
      ...(job.format === 'onnx' && { pixelStep: 64 }),
      ...(job.proof && { proof }),
    });
  };
  return { engine: { run: run as Engine['run'] }, jobs };
}

const choice = {
  precision: 'float16',
  software: 'Screenfold 0.1.0',
  date: new Date('2026-02-03T04:05:06Z'),
} as const;
/** SHA-256 of `weights`, by `printf weights | sha256sum` (GNU coreutils 9.1). */
const hash = '9a129038d9a00aed0cf6a7ea059ca50a813449061ab87848cf1a13eafdf33b2c';

function trainedRun(spec: object = {}) {
  const run = exampleRun(join(temporaryFolder(), 'run'), spec);
  for (const epoch of [1, 45]) writeCheckpoint(run, epoch);
  writeFileSync(
    join(run.folder, 'metrics.jsonl'),
    [
      { type: 'epoch', epoch: 0, trainLoss: null, validationLoss: 0.3 },
      { type: 'epoch', epoch: 45, trainLoss: 0.1, validationLoss: 0.2 },
    ]
      .map((line) => `${JSON.stringify(line)}\n`)
      .join(''),
  );
  return run;
}

describe('exporting a run', () => {
  test('writes the last epoch as a model folder with a card', async () => {
    const run = trainedRun();
    const { engine, jobs } = exportingEngine();
    const exported = await exportRun(run, choice, engine);
    expect(exported).toMatchObject({ format: 'diffusers', epoch: 45, bytes: 7 });
    expect(exported.output).toBe(join(run.folder, 'exports', 'foxes-epoch-45'));
    expect(jobs[0]?.model.checkpoint).toBe(join(run.folder, 'checkpoints', 'epoch-0045'));

    const card = readFileSync(join(exported.output, 'README.md'), 'utf8');
    expect(card).toMatch(/^---\nbase_model: "base"\ntags:\n/);
    expect(card).toContain('| Method | full finetuning of UNet |');
    expect(card).toContain('| Epoch | 45 of 100 |');
    expect(card).toContain('| Images | 2, and 1 held out |');
    expect(card).toContain('| Held-out loss | 0.2000, before training 0.3000 |');
    expect(card).toContain('- a red fox, animal');
    expect(card).toContain('Made with Screenfold 0.1.0 on 2026-02-03.');
    expect(card).toContain(`- \`unet/diffusion_pytorch_model.safetensors\`: \`${hash}`);
  });

  test('writes a LoRA run as one file, with what its tools show in its head and a card beside it', async () => {
    const run = trainedRun({ method: { kind: 'lora', rank: 4 } });
    const { engine, jobs } = exportingEngine();
    const output = join(dirname(run.folder), 'fox style.safetensors');
    const exported = await exportRun(run, { ...choice, epoch: 1, output }, engine);
    expect(exported).toMatchObject({ format: 'lora', epoch: 1, output });
    expect(jobs[0]?.metadata).toMatchObject({
      ss_output_name: 'fox style',
      ss_epoch: '1',
      ss_num_train_images: '2',
      ss_tag_frequency: '{"photos":{"animal":2,"a red fox":1,"a blue fox":1}}',
    });
    const card = readFileSync(join(dirname(output), 'fox style.md'), 'utf8');
    expect(card).toContain('LoRA of rank 4, alpha 4, on UNet');
    expect(card).toContain('  - lora\n');
  });

  test('writes the word that a run taught, under its name, and nothing else', async () => {
    const run = trainedRun({ method: { kind: 'embedding', word: '<fox>', vectors: 2 } });
    const { engine, jobs } = exportingEngine();
    const exported = await exportRun(run, choice, engine);
    expect(exported.format).toBe('embedding');
    expect(exported.output).toMatch(/fox.*-epoch-45\.safetensors$/);
    const diffusers = await exportRun(run, { ...choice, embeddingNames: 'diffusers' }, engine);
    expect(diffusers.output).toMatch(/-epoch-45-diffusers\.safetensors$/);
    expect(jobs.map(({ format, embeddingNames }) => [format, embeddingNames])).toEqual([
      ['embedding', undefined],
      ['embedding', 'diffusers'],
    ]);
    const card = readFileSync(exported.card, 'utf8');
    expect(card).toContain('The new word “\\<fox\\>” for `base`.');
    expect(card).toContain('load_textual_inversion(file, token="<fox>")');
    expect(card).toContain('  - textual_inversion\n');
    const refused = async (format: 'diffusers' | 'lora') =>
      (await failureOf(exportRun(run, { ...choice, format }, engine))).code;
    expect([await refused('diffusers'), await refused('lora')]).toEqual(['word-alone', 'not-a-lora']);
    const full = exportRun(trainedRun(), { ...choice, format: 'embedding' }, engine);
    expect((await failureOf(full)).code).toBe('not-an-embedding');
  });

  test('says how captions were read, where that is not as usual: in the card, in a file’s head and to the proof', async () => {
    const train = { clipSkip: 2, captionTokens: 150 };
    const run = trainedRun({ method: { kind: 'lora', rank: 4 }, train });
    const { engine, jobs } = exportingEngine();
    const drawn = { ...choice, proof: { device: { provider: 'cpu' } } } as const;
    const { card } = await exportRun(run, drawn, engine);
    expect(jobs[0]).toMatchObject({
      metadata: { ss_clip_skip: '2', ss_max_token_length: '150' },
      proof: { clipSkip: 2 },
    });
    const text = readFileSync(card, 'utf8');
    expect(text).toContain('| Clip skip | 2 (`Clip skip: 2` in A1111, `clip_skip=1` in diffusers) |');
    expect(text).toContain('| Tokens of a caption | up to 150, 75 at a time |');
    const plain = await exportRun(trainedRun({ method: { kind: 'lora', rank: 4 } }), drawn, engine);
    expect(readFileSync(plain.card, 'utf8')).not.toContain('Clip skip');
    expect(Object.keys(jobs[1]!.metadata)).not.toContain('ss_clip_skip');
    expect(jobs[1]?.proof?.clipSkip).toBeUndefined();
  });

  test('puts a picture that the epoch made into the head of a file, and none that cannot be read', async () => {
    const run = trainedRun({ method: { kind: 'lora', rank: 4 } });
    const { engine, jobs } = exportingEngine();
    const picture = join(dirname(run.folder), 'fox.png');
    await sharp({ create: { width: 512, height: 384, channels: 3, background: '#c03' } }).toFile(picture);
    for (const [format, shown] of [
      ['lora', picture],
      ['single-file', picture],
      ['diffusers', picture],
      ['lora', join(dirname(run.folder), 'gone.png')],
    ] as const)
      await exportRun(
        run,
        {
          ...choice,
          format,
          picture: shown,
          output: join(dirname(run.folder), `${jobs.length}.safetensors`),
        },
        engine,
      );
    const found = jobs.map(({ metadata }) => metadata['modelspec.thumbnail']);
    expect(found.map((text) => text?.slice(0, 23))).toEqual([
      'data:image/jpeg;base64,',
      'data:image/jpeg;base64,',
      undefined,
      undefined,
    ]);
    const { width, height, format } = await sharp(Buffer.from(found[0]!.slice(23), 'base64')).metadata();
    expect([width, height, format]).toEqual([256, 256, 'jpeg']);
  });

  test('names the licence that the base states', async () => {
    const run = trainedRun();
    mkdirSync(run.job.base);
    writeFileSync(
      join(run.job.base, 'README.md'),
      '---\nlicense: creativeml-openrail-m\ntags: [x]\n---\n# SD\n',
    );
    const { card } = await exportRun(run, choice, exportingEngine().engine);
    expect(readFileSync(card, 'utf8')).toContain('license: "creativeml-openrail-m"');
  });

  test('refuses what is not there, what makes no sense and what would be written over', async () => {
    const run = trainedRun();
    const { engine, jobs } = exportingEngine();
    expect(await failureOf(exportRun(run, { ...choice, epoch: 2 }, engine))).toMatchObject({
      code: 'no-such-epoch',
      hint: 'It has 1, 45.',
    });
    expect((await failureOf(exportRun(run, { ...choice, format: 'lora' }, engine))).code).toBe('not-a-lora');
    const output = dirname(run.folder);
    expect((await failureOf(exportRun(run, { ...choice, output }, engine))).code).toBe('output-exists');
    expect(jobs).toEqual([]);
    expect(existsSync(join(run.folder, 'exports'))).toBe(false);
  });

  test('writes over nobody’s file, that of the card’s name neither', async () => {
    const run = trainedRun();
    const { engine, jobs } = exportingEngine();
    const output = join(temporaryFolder(), 'notes.safetensors');
    const notes = output.replace('.safetensors', '.md');
    writeFileSync(notes, 'my own notes');
    const asked = { ...choice, format: 'single-file', output } as const;
    const failure = await failureOf(exportRun(run, asked, engine));
    expect([failure.code, failure.message]).toEqual(['output-exists', `${notes} exists already.`]);
    expect([readFileSync(notes, 'utf8'), jobs]).toEqual(['my own notes', []]);
  });

  test('lays the card beside the model, however its ending is written', async () => {
    const { engine } = exportingEngine();
    const output = join(temporaryFolder(), 'MODEL.SAFETENSORS');
    const asked = { ...choice, format: 'single-file', output } as const;
    const { card } = await exportRun(trainedRun(), asked, engine);
    expect(card).toBe(output.replace('.SAFETENSORS', '.md'));
    expect(readFileSync(output, 'utf8')).toBe('weights');
  });

  test('shows in its card, and beside a file, the pictures that prove it', async () => {
    const run = trainedRun({ samples: { prompts: ['a fox | at night'], seeds: [7, 8] } });
    const { engine, jobs } = exportingEngine();
    const proven = { ...choice, proof: { device: { provider: 'cpu' } } } as const;
    const { card, output } = await exportRun(run, proven, engine);
    expect(jobs[0]!.proof).toMatchObject({
      ...{ prompt: 'a fox | at night', seed: 7, guidanceScale: 7.5, device: { provider: 'cpu' } },
    });
    const text = readFileSync(card, 'utf8');
    expect(text).toContain('and by this export, right](proof.png)');
    expect(text).toContain('“a fox \\| at night” with the seed 7 in 6 steps');
    expect(text).toContain('differ by 0.25 on average and 3 at most; 2 and 64 were allowed');
    expect(existsSync(join(output, 'proof.png'))).toBe(true);

    const file = join(temporaryFolder(), 'my fox.safetensors');
    const beside = await exportRun(run, { ...proven, format: 'single-file', output: file }, engine);
    expect(readFileSync(beside.card, 'utf8')).toContain('(my%20fox.proof.png)');
    expect(readdirSync(dirname(file)).sort()).toEqual([
      'my fox.md',
      'my fox.proof.png',
      'my fox.safetensors',
    ]);
  });

  test('leaves nothing of an export that did not prove itself, in its place or beside', async () => {
    const run = trainedRun();
    const place = temporaryFolder();
    const failing = {
      run: (job: Job) => {
        if (job.kind === 'export') writeFileSync(job.output, 'weights');
        return Promise.reject(new Failure('export-differs', 'It differs.', 'Report it.'));
      },
    } as Engine;
    const asked = { ...choice, format: 'single-file', output: join(place, 'x.safetensors') } as const;
    const failure = await failureOf(exportRun(run, { ...asked, proof: { device: {} } }, failing));
    expect([failure.code, readdirSync(place)]).toEqual(['export-differs', []]);
  });

  test('says of an ONNX pipeline how it is run, and hashes its graphs', async () => {
    const { engine } = exportingEngine();
    const { output, card } = await exportRun(trainedRun(), { ...choice, format: 'onnx' }, engine);
    expect(output).toMatch(/foxes-epoch-45-onnx$/);
    expect(readFileSync(card, 'utf8')).toContain('edges that are multiples of 64 pixels');
  });

  test('names the LoRAs merged, their strengths and licences', async () => {
    const run = trainedRun();
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'ink.md'), '---\nlicense: cc0-1.0\n---\n');
    writeFileSync(join(folder, 'ink.safetensors'), '');
    const loras = [
      { file: join(folder, 'ink.safetensors'), strength: 0.8 },
      { file: join(folder, 'light.safetensors'), strength: -0.5 },
    ];
    const { engine } = exportingEngine();
    const card = readFileSync((await exportRun(run, { ...choice, loras }, engine)).card, 'utf8');
    expect(card).toContain('## LoRAs merged');
    expect(card).toContain('| ink | 0.8 | cc0-1.0 |\n| light | -0.5 | mit |');

    const base = join(folder, 'base');
    mkdirSync(base);
    writeFileSync(join(base, 'README.md'), '---\nlicense: openrail\n---\n');
    const output = join(folder, 'merged');
    const wanted = { base, loras, title: 'Base with ink', format: 'diffusers', output, device: {} } as const;
    const merged = await exportModel({ ...choice, ...wanted }, engine);
    const text = readFileSync(merged.card, 'utf8');
    expect(text).toMatch(/^---\nbase_model: "base"\ntags:\n/);
    expect(text).toContain('# Base with ink\n\n`base`, with LoRAs merged into it, in float16.');
    expect(text).toContain('| light | -0.5 | mit |');
    expect(text).toContain('The base states `openrail`. The terms of the LoRAs merged hold as well');
    expect(text).toContain('## Proof');
    expect(text).toContain(`- \`unet/diffusion_pytorch_model.safetensors\`: \`${hash}`);
  });

  test('counts in how many images a tag is, the most frequent first', () => {
    const image = (caption: string) => ({ id: '', path: '', width: 1, height: 1, captions: [caption] });
    expect(Object.entries(tagFrequency(['b, a, a', 'a', ''].map(image)))).toEqual([
      ['a', 2],
      ['b', 1],
    ]);
  });
});
