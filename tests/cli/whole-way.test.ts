import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

import sharp from 'sharp';
import { describe, expect, test } from 'vitest';

import type { StudioFlags } from '../../electron/cli/open/open-studio.ts';
import { readRun } from '../../electron/runs/run-folder.ts';
import { drawingEngine } from '../hosts/drawing-engine.ts';
import { writePretendTokenizer } from '../runs/pretend-configs.ts';
import { screenfold, studio } from './typed.ts';

/** Where an export comes into being. */
function unseen(output: string): string {
  return join(dirname(output), `.${basename(output)}.partial`, basename(output));
}

describe('from a terminal', () => {
  test('a run is trained, compared and exported, each command naming the next', async () => {
    const folder = studio();
    const { engine, jobs } = drawingEngine();
    const trained = await screenfold(folder, ['train', 'foxes.json'], engine);
    expect([trained.code, trained.error]).toEqual([0, '']);
    expect(trained.out).toContain('Epoch  5/10   train 0.2000   held out 0.4000\n');
    expect(trained.out).toContain('screenfold compare runs/foxes\n');

    const compared = await screenfold(folder, ['compare', 'runs/foxes'], engine);
    expect([compared.code, compared.error]).toEqual([0, '']);
    expect(compared.out).toContain('5 pictures, 5 of them still to make.');
    const sheet = join(folder, 'runs', 'foxes', 'compare', 'sheet.png');
    expect(compared.out).toContain(`Side by side: ${sheet}\n`);
    // Six columns: the held-out image, the base, and the epochs 1, 2, 5 and 10.
    expect((await sharp(sheet).metadata()).width).toBeGreaterThan(6 * 192);
    const animation = join(folder, 'runs', 'foxes', 'compare', 'development.gif');
    expect((await sharp(animation, { animated: true }).metadata()).pages).toBe(5);

    const exported = await screenfold(folder, ['export', 'runs/foxes', '--epoch', '5'], engine);
    expect([exported.code, exported.error]).toEqual([0, '']);
    const card = join(folder, 'runs', 'foxes', 'exports', 'foxes-epoch-5', 'README.md');
    expect(exported.out).toContain(`Its model card: ${card}\n`);
    expect(exported.out).not.toContain('lowest held-out loss');
    expect(readFileSync(card, 'utf8')).toContain('| Held-out loss | 0.4000 |');
    expect(jobs.map(({ kind }) => kind)).toEqual(['train', 'generate', 'export']);
  });

  test('an export of the last epoch names the one of the lowest held-out loss, where that is another', async () => {
    const folder = studio();
    const { engine } = drawingEngine();
    await screenfold(folder, ['train', 'foxes.json'], engine);
    const last = await screenfold(folder, ['export', 'runs/foxes'], engine);
    expect(last.out).toMatch(/^Epoch 10 exported/m);
    expect(last.out).not.toContain('lowest held-out loss');
    const metrics = join(folder, 'runs', 'foxes', 'metrics.jsonl');
    // It falls from 2 by the epoch's number; that of epoch 2 was 1.
    writeFileSync(
      metrics,
      readFileSync(metrics, 'utf8').replace('"validationLoss":1}', '"validationLoss":0.1}'),
    );
    const again = await screenfold(folder, ['export', 'runs/foxes', '--out', 'again'], engine);
    expect(again.out).toMatch(/^Epoch 10 exported/m);
    expect(again.out).toContain(
      'Of the epochs kept, 2 has the lowest held-out loss (0.1000). --epoch 2 exports that one.\n',
    );
  });

  test('what is tried is trained one run after the other, and goes on where it was stopped', async () => {
    const folder = studio();
    const wanted = ['train', 'foxes.json', '--sweep', 'train.learningRate=1e-5,2e-5', '--epochs', '2'];
    const stopping = drawingEngine('stopped');
    const stopped = await screenfold(folder, wanted, stopping.engine);
    expect([stopped.code, stopped.error, stopping.jobs.length]).toEqual([130, '', 1]);
    expect(stopped.out).toContain('Run 1 of 2: foxes, rate 1e-5\n');
    expect(stopped.out).toContain('the same command goes on.');
    const { engine, jobs } = drawingEngine();
    const trained = await screenfold(folder, wanted, engine);
    expect([trained.code, trained.error]).toEqual([0, '']);
    expect(trained.out).toContain('Resuming the unfinished run');
    expect(
      jobs.map((job) => job.kind === 'train' && [basename(job.folder), job.settings.learningRate]),
    ).toEqual([
      ['foxes, rate 1e-5', 1e-5],
      ['foxes, rate 2e-5', 2e-5],
    ]);
    expect(trained.out).toMatch(
      /All 2 runs have finished:\n {2}foxes, rate 1e-5: training loss 0\.\d{4}, held-out loss 1\.\d{4}\n/,
    );
    expect(trained.out).toContain('screenfold compare "runs/foxes, rate 1e-5" "runs/foxes, rate 2e-5"\n');
    const again = await screenfold(folder, wanted, engine);
    expect([again.code, jobs.length]).toEqual([0, 2]);
    expect(again.out).toContain('It has finished already; nothing was changed.');
    const bad = ['train', 'foxes.json', '--sweep', 'train.learningRate=1e-5,-1'];
    const refused = await screenfold(folder, bad, engine);
    expect([refused.code, jobs.length]).toEqual([2, 2]);
    expect(refused.error).toContain('train.learningRate');
  });

  test('a model is written in another form, and an epoch as one file', async () => {
    const folder = studio();
    const { engine, jobs } = drawingEngine();
    const whole = ['export', 'models/old.ckpt', '--as', 'single-file', '--precision', 'float32'];
    const written = await screenfold(folder, whole, engine);
    expect([written.code, written.error]).toEqual([0, '']);
    const output = join(folder, 'exports', 'old.safetensors');
    expect(written.out).toContain(`: ${output}\n`);
    await screenfold(folder, ['export', 'models/old.ckpt'], engine);
    await screenfold(folder, ['train', 'foxes.json', '--epochs', '1'], engine);
    const epoch = await screenfold(folder, ['export', 'runs/foxes', '--as', 'single-file'], engine);
    const file = join(folder, 'runs', 'foxes', 'exports', 'foxes-epoch-1-model.safetensors');
    expect(epoch.out).toContain(`${file}\nIts model card: ${file.replace('.safetensors', '.md')}\n`);
    const model = { base: join(folder, 'models', 'old.ckpt') };
    expect(jobs.filter(({ kind }) => kind === 'export')).toEqual([
      // Out of sight, until it is proven.
      expect.objectContaining({
        ...{ model, format: 'single-file', output: unseen(output), precision: 'float32' },
        metadata: { 'modelspec.title': 'old' },
      }),
      expect.objectContaining({
        ...{ model, format: 'diffusers', precision: 'float16', metadata: {} },
        output: unseen(join(folder, 'exports', 'old')),
      }),
      expect.objectContaining({ format: 'single-file', output: unseen(file) }),
    ]);
    const proofs = jobs.flatMap((job) => (job.kind === 'export' ? [job.proof] : []));
    expect(proofs.map((proof) => basename(proof!.output))).toEqual([
      'old.proof.png',
      'proof.png',
      'foxes-epoch-1-model.proof.png',
    ]);
    expect(proofs.map((proof) => proof!.prompt).at(-1)).toBe('art of avocado');
  });

  test('pictures once made are not made again, and new prompts are made of every epoch', async () => {
    const folder = studio();
    const { engine, jobs } = drawingEngine();
    await screenfold(folder, ['train', 'foxes.json', '--epochs', '2'], engine);
    await screenfold(folder, ['compare', 'runs/foxes'], engine);
    jobs.length = 0;
    const again = await screenfold(folder, ['compare', 'runs/foxes', '--animation', 'again.webp'], engine);
    expect(again.out).toContain('3 pictures, 0 of them still to make.');
    expect(jobs).toEqual([]);
    expect(existsSync(join(folder, 'again.webp'))).toBe(true);

    const other = await screenfold(
      folder,
      ['compare', 'runs/foxes', '-p', 'a cat', '-s', '1,2', '--json'],
      engine,
    );
    expect(JSON.parse(other.out.trimEnd().split('\n').at(-1)!)).toMatchObject({ kind: 'compare', made: 6 });
  });

  test('a stopped run ends with 130 and is taken up by the command it names', async () => {
    const folder = studio();
    const stopped = await screenfold(folder, ['train', 'foxes.json'], drawingEngine('stopped').engine);
    expect(stopped.code).toBe(130);
    expect(stopped.out).toContain('Resume it: screenfold resume runs/foxes\n');
    const resumed = await screenfold(folder, ['resume', 'runs/foxes'], drawingEngine().engine);
    expect(resumed.code).toBe(0);
    const again = await screenfold(folder, ['resume', 'runs/foxes'], drawingEngine().engine);
    expect(again.error).toContain('has finished; nothing was changed.');
  });

  test('a run is resumed with other images at once, of as many as its batches have, and not where it is refused', async () => {
    const folder = studio();
    await screenfold(folder, ['train', 'foxes.json', '--batch-size', '2'], drawingEngine('stopped').engine);
    const file = join(folder, 'runs', 'foxes', 'run.json');
    const before = readFileSync(file, 'utf8');
    mkdirSync(join(folder, 'runs', 'foxes', 'state', 'step-00000002'), { recursive: true });
    const resume = ['resume', 'runs/foxes', '--images-at-once'];
    const refused = await screenfold(
      folder,
      [...resume, '1', '--epochs', '2000000'],
      drawingEngine('stopped').engine,
    );
    expect(refused.error).toContain('Nothing was changed.');
    expect(readFileSync(file, 'utf8')).toBe(before);
    for (const [asked, taken] of [
      ['1', 1],
      ['5000', 2],
    ] as const) {
      const { engine, jobs } = drawingEngine('stopped');
      expect((await screenfold(folder, [...resume, asked], engine)).code).toBe(130);
      expect(jobs).toMatchObject([{ settings: { imagesAtOnce: taken } }]);
      expect((await readRun(join(folder, 'runs', 'foxes'))).spec.train.imagesAtOnce).toBe(taken);
    }
    const { engine, jobs } = drawingEngine('stopped');
    await screenfold(folder, [...resume, '1', '--epochs', '20'], engine);
    expect(jobs).toMatchObject([{ settings: { imagesAtOnce: 1, epochs: 20 } }]);
  });

  test('the same run file trained again goes on with its unfinished run', async () => {
    const folder = studio();
    await screenfold(folder, ['train', 'foxes.json'], drawingEngine('stopped').engine);
    const { code, out } = await screenfold(folder, ['train', 'foxes.json'], drawingEngine().engine);
    expect([code, out]).toEqual([0, expect.stringContaining('Resuming the unfinished run in ')]);
  });

  test('a program reads training as one JSON object a line', async () => {
    const folder = studio();
    const { out, error } = await screenfold(
      folder,
      ['train', 'foxes.json', '--epochs', '2', '--json'],
      drawingEngine().engine,
    );
    const lines = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { readonly type?: string });
    expect(lines.map(({ type }) => type).filter((type) => type === 'epoch')).toHaveLength(2);
    expect(lines.at(-1)).toMatchObject({
      kind: 'train',
      end: 'finished',
      folder: join(folder, 'runs', 'foxes'),
    });
    expect(error).toBe('');
  });

  test('pictures are made of a run or of a model, and none is written over', async () => {
    const folder = studio();
    const { engine, jobs } = drawingEngine();
    await screenfold(folder, ['train', 'foxes.json', '--epochs', '2'], engine);
    jobs.length = 0;
    const first = await screenfold(
      folder,
      ['generate', 'runs/foxes', '-p', 'a fox', '-s', '0-1', '--size', '32x64'],
      engine,
    );
    expect(first.out).toBe(
      `Picture 1/2\nPicture 2/2\n${['a-fox-0.png', 'a-fox-1.png'].map((name) => `${join(folder, 'pictures', name)}\n`).join('')}`,
    );
    const second = await screenfold(folder, ['generate', 'base', '-p', 'a fox'], engine);
    expect(second.out).toContain('a-fox-0-2.png');
    const models = jobs
      .flatMap((job) => (job.kind === 'generate' ? job.pictures : []))
      .map(({ model, width, height }) => [basename(model.checkpoint ?? model.base), width, height]);
    expect(models).toEqual([
      ['epoch-0002', 32, 64],
      ['epoch-0002', 32, 64],
      ['base', 64, 64],
    ]);
    const odd = await screenfold(folder, ['generate', 'base', '-p', 'a fox', '--size', '65'], engine);
    expect([odd.code, odd.error]).toEqual([
      2,
      'This model cannot make pictures of width 65.\nChoose a multiple of 4.\n',
    ]);
  });

  test('what a model does not read of captions and prompts is told', async () => {
    const folder = studio();
    await writePretendTokenizer(join(folder, 'base'), 11);
    const { engine } = drawingEngine();
    const last = (out: string) => JSON.parse(out.trimEnd().split('\n').at(-1)!) as object;

    const planned = await screenfold(folder, ['train', 'foxes.json', '--prompt', 'fox', '--dry-run'], engine);
    expect(planned.error).toBe('');
    expect(planned.out).toContain(
      '  ! 3 of 3 captions are longer than the 9 tokens this base reads; the rest is left out. The longest: ',
    );
    // Prompts are read in three chunks.
    const long = 'fox in the snow and a bear in the woods';
    const flags = ['--prompt', 'fox in the snow', '--prompt', long];
    const told = `The prompt “${long}” has 30 tokens, more than the 27 tokens this model reads; the rest is left out.\n`;
    const cutPrompts = { prompts: [{ text: long, tokens: 30 }] };
    for (const command of [
      ['train', 'foxes.json', '--epochs', '2', ...flags],
      ['compare', 'runs/foxes', ...flags],
      ['generate', 'runs/foxes', ...flags],
    ]) {
      const { code, out, error } = await screenfold(folder, [...command, '--json'], engine);
      expect([command[0], code, error]).toEqual([command[0], 0, told]);
      expect(last(out)).toMatchObject({ cut: cutPrompts });
    }
    const plan = await screenfold(folder, ['train', 'foxes.json', ...flags, '--dry-run', '--json'], engine);
    expect(last(plan.out)).toMatchObject({
      cut: {
        ...cutPrompts,
        read: 9,
        readOfPrompt: 27,
        captions: { images: 3, cut: 3, longest: { tokens: 12 } },
      },
    });
    const short = await screenfold(folder, ['generate', 'base', '-p', 'fox'], engine);
    expect(short.error).toBe('');
  });

  test('nothing typed opens the studio', async () => {
    const opened: StudioFlags[] = [];
    const openStudio = (_launcher: unknown, flags: StudioFlags) => {
      opened.push(flags);
      return Promise.resolve(0 as const);
    };
    const { engine, jobs } = drawingEngine();
    await screenfold(studio(), [], engine, openStudio);
    await screenfold(studio(), ['--port', '9000', '--no-open', '--library', 'mine'], engine, openStudio);
    expect(opened).toMatchObject([
      { open: true, browser: false },
      { open: false, port: 9000, library: 'mine' },
    ]);
    expect(jobs).toEqual([]);
  });
});
