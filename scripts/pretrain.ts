/**
 * Trains the embedded base model, `seedling`, from scratch with Screenfold's own engine: first its VAE and then its
 * UNet on all of Noto Emoji, then UNet and text encoder together on the fewer glyphs whose names it is to know. `npm run pretrain`; Ctrl-C stops at a
 * step boundary, and running it again goes on there. What it makes lies in `.screenfold/pretrain/`;
 * `npm run pretrain -- --install` puts the newest weights into `resources/seedling`.
 */
import { cp, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import type { JobEvent, Method, TrainingImage, TrainingSettings, TrainJob } from '../native/jobs.ts';
import { readDataset } from '../electron/datasets/dataset.ts';
import { train } from '../native/training/train.ts';
import { exportModel } from '../native/weights/export.ts';
import { trainBpe, writeClipTokenizer } from '../native/weights/train-bpe.ts';
import { prepareNoto } from './noto.ts';
import { seedlingConfigs, vocabularySize, tokens } from './seedling-configs.ts';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const work = join(root, '.screenfold', 'pretrain');
const base = join(work, 'base');

const { values: flags } = parseArgs({
  options: {
    'vae-epochs': { type: 'string', default: '10' },
    epochs: { type: 'string', default: '20' },
    'word-epochs': { type: 'string', default: '110' },
    install: { type: 'boolean', default: false },
  },
});

const common: TrainingSettings = {
  epochs: 1,
  checkpointEpochs: [],
  batchSize: 16,
  gradientAccumulation: 1,
  learningRate: 1e-3,
  schedule: { kind: 'cosine', warmupSteps: 50 },
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  weightDecay: 1e-2,
  maxGradientNorm: 1,
  emaDecay: 0.999,
  minSnrGamma: 0,
  noiseOffset: 0,
  captionDropout: 0.1,
  randomFlip: false,
  seed: 0,
  checkpointPrecision: 'float16',
  stateEveryMinutes: 3,
};

const stop = new AbortController();
process.once('SIGINT', () => {
  console.log('\nStopping at the next step …');
  stop.abort();
});

function report(event: JobEvent): void {
  if (event.type === 'step' && (event.step % 25 === 0 || event.step === 1)) {
    const { epoch, step, totalSteps, loss, gradientNorm, seconds } = event;
    console.log(
      `epoch ${epoch}  step ${step}/${totalSteps}  loss ${loss.toFixed(4)}  norm ${gradientNorm.toFixed(2)}  ${(seconds * 1000).toFixed(0)} ms`,
    );
  }
  if (event.type === 'epoch') {
    console.log(
      `epoch ${event.epoch}: train ${event.trainLoss.toFixed(4)}, held out ${event.validationLoss?.toFixed(4) ?? '-'}`,
    );
  }
}

async function runStage(
  name: string,
  method: Method,
  settings: TrainingSettings,
  images: readonly TrainingImage[],
  validation: readonly TrainingImage[],
): Promise<string> {
  const job: TrainJob = {
    kind: 'train',
    folder: join(work, name),
    cacheFolder: join(work, 'cache'),
    base,
    method,
    settings,
    images,
    validation,
    device: {},
  };
  const result = await train(job, { emit: report, stop: stop.signal });
  if (result.end === 'stopped') process.exit(130);
  return newestCheckpoint(name);
}

async function newestCheckpoint(name: string): Promise<string> {
  const checkpoints = join(work, name, 'checkpoints');
  const names = (await readdir(checkpoints)).filter((entry) => /^epoch-\d+$/.test(entry)).sort();
  return join(checkpoints, names.at(-1)!);
}

/** Every tenth or so epoch, and the last. */
function milestones(epochs: number): number[] {
  const every = Math.max(1, Math.round(epochs / 10));
  return [
    ...new Set([...Array.from({ length: epochs }, (_, i) => i + 1).filter((e) => e % every === 0), epochs]),
  ];
}

async function install(): Promise<void> {
  const target = join(root, 'resources', 'seedling');
  const made = join(work, 'export');
  await rm(made, { recursive: true, force: true });
  const model = { base, checkpoint: await newestCheckpoint('words') };
  await exportModel(
    { kind: 'export', model, format: 'diffusers', output: made, precision: 'float16', metadata: {} },
    { emit: report, stop: stop.signal },
  );
  await mkdir(target, { recursive: true });
  for (const entry of await readdir(made)) {
    await rm(join(target, entry), { recursive: true, force: true });
    await cp(join(made, entry), join(target, entry), { recursive: true });
  }
  console.log(`Installed ${model.checkpoint} as ${target}.`);
}

if (flags.install) {
  await install();
} else {
  const noto = join(root, '.screenfold', 'noto');
  const glyphs = (await prepareNoto(noto)).filter((glyph) => !glyph.skin_tone_variant);
  const images = glyphs.map(({ file_name, captions }): TrainingImage => {
    return { id: file_name, path: join(noto, file_name), captions, width: 64, height: 64 };
  });
  await mkdir(base, { recursive: true });
  for (const [file, config] of Object.entries(seedlingConfigs)) {
    await mkdir(dirname(join(base, file)), { recursive: true });
    await writeFile(join(base, file), `${JSON.stringify(config, null, 2)}\n`);
  }
  const styles = Array.from(
    { length: 200 },
    () => 'official 3d art of, a photo of, a picture of, an icon of, glossy, flat, small, big',
  );
  const texts = [...glyphs.flatMap((glyph) => glyph.captions), ...styles];
  await writeClipTokenizer(join(base, 'tokenizer'), trainBpe(texts, vocabularySize), tokens);

  const heldOut = images.filter((_, i) => i % 40 === 7);
  const vaeEpochs = Number(flags['vae-epochs']);
  const vae = await runStage(
    'vae',
    { kind: 'vae', kl: 1e-5 },
    { ...common, epochs: vaeEpochs, checkpointEpochs: milestones(vaeEpochs), batchSize: 8, emaDecay: 0.99 },
    images.filter((image) => !heldOut.includes(image)),
    heldOut,
  );
  await cp(join(vae, 'vae'), join(base, 'vae'), { recursive: true });
  const epochs = Number(flags.epochs);
  const denoiser = await runStage(
    'denoiser',
    { kind: 'scratch' },
    { ...common, epochs, checkpointEpochs: milestones(epochs) },
    images,
    heldOut,
  );

  // A small text encoder learns few names well or many hardly: here those of the sample data set, and some more.
  await cp(join(denoiser, 'unet'), join(base, 'unet'), { recursive: true });
  const sample = await readDataset(join(root, 'resources', 'sample'), { verify: false });
  const names = new Set(sample.images.map(({ metadata }) => metadata.name));
  const known = glyphs.filter(({ name }, i) => names.has(name) || i % 20 === 0);
  const wordEpochs = Number(flags['word-epochs']);
  await runStage(
    'words',
    { kind: 'scratch' },
    { ...common, epochs: wordEpochs, checkpointEpochs: milestones(wordEpochs) },
    known.map(({ file_name, name, category }) => ({
      id: file_name,
      path: join(noto, file_name),
      captions: [name, `${name}, ${category}`, `flat art of ${name}, ${category}`, `a picture of ${name}`],
      width: 64,
      height: 64,
    })),
    [],
  );
  await install();
}
