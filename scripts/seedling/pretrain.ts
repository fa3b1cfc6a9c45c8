/**
 * Trains the embedded base model, `seedling`, from scratch with Screenfold's own engine on Noto Emoji: an encoder that is
 * computed rather than learned, then the text encoder on what captions say of pictures, then the UNet on its frozen states,
 * then the VAE's decoder. `npm run pretrain`; Ctrl-C stops at a step boundary, and running it again goes on there. What it
 * makes lies in `.screenfold/pretrain/`; `npm run pretrain -- --install` puts the newest weights into
 * `resources/seedling`. `--stage decoder` trains that one alone, beside another process at work on the UNet;
 * `--from resources/seedling` goes on from weights there are, with another `--seed` in another order. `--stage hands` teaches
 * UNet and text encoder together the same things in many hands, `--share 0.4` part of them, for a short phase at the end in which
 * the rate falls to nothing, `--min-snr 5` with less weight on much noise, so that edges are learned before all. `--work <folder>`
 * keeps everything elsewhere.
 */
import { cp, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import sharp from 'sharp';

import { exportModel } from '../../native/export.ts';
import { evenly } from '../../native/facts/evenly.ts';
import { checkpointsName, epochOf } from '../../native/facts/run-folder.ts';
import { openModel } from '../../native/families/open-model.ts';
import { exists } from '../../native/files/exists.ts';
import { readPixels } from '../../native/images/decode.ts';
import type { JobEvent, Method, TrainingImage, TrainingSettings, TrainJob } from '../../native/jobs.ts';
import { readAutoencoderConfig } from '../../native/models/autoencoder.ts';
import { uniforms } from '../../native/random/philox.ts';
import { generateOn } from '../../native/sampling/generate.ts';
import { trainBpe, writeClipTokenizer } from '../../native/tokenizer/train-bpe.ts';
import { train } from '../../native/training/train.ts';
import { seedlingConfigs, tokens, vocabularySize } from './configs.ts';
import { heldOutFromVae, taughtCaptions, taughtGlyphs, type VariedGlyph, variedGlyphs } from './data.ts';
import { drawLearned } from './draw-learned.ts';
import { blockLatents, firstVaeWeights, fitBlockTransform } from './encoder.ts';
import { type Hand, type HandImage, prepareHand, taughtHands } from './hands.ts';
import { learnedPictures } from './many-hands.ts';
import { type NotoImage, prepareNoto } from './noto.ts';
import { painted } from './paint.ts';
import { bent, glossy } from './vary.ts';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..', '..');
const size = 64;

const stages = ['text', 'denoiser', 'decoder', 'hands'] as const;
const { values: flags } = parseArgs({
  options: {
    'text-epochs': { type: 'string', default: '90' },
    epochs: { type: 'string', default: '40' },
    'decoder-epochs': { type: 'string', default: '16' },
    'latent-noise': { type: 'string', default: '0.7' },
    'edge-weight': { type: 'string', default: '4' },
    rate: { type: 'string', default: '1.5e-3' },
    from: { type: 'string' },
    work: { type: 'string', default: join(root, '.screenfold', 'pretrain') },
    schedule: { type: 'string', default: 'cosine' },
    ema: { type: 'string', default: '0.998' },
    batch: { type: 'string', default: '32' },
    share: { type: 'string', default: '1' },
    'min-snr': { type: 'string', default: '0' },
    stage: { type: 'string' },
    seed: { type: 'string', default: '0' },
    threads: { type: 'string' },
    install: { type: 'boolean', default: false },
  },
});
if (flags.stage !== undefined && !stages.some((name) => name === flags.stage))
  throw new Error(`--stage is one of ${stages.join(', ')}`);
if (flags.schedule !== 'cosine' && flags.schedule !== 'constant')
  throw new Error('--schedule is cosine or constant');
const work = resolve(flags.work);
const base = join(work, 'base');
const noto = join(work, 'noto');

const adamw = { kind: 'adamw', beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 1e-2 } as const;
const common: TrainingSettings = {
  epochs: 1,
  checkpointEpochs: [],
  batchSize: 32,
  gradientAccumulation: 1,
  learningRate: 1.5e-3,
  schedule: { kind: 'cosine', warmupSteps: 100 },
  optimizer: adamw,
  maxGradientNorm: 1,
  emaDecay: 0.995,
  minSnrGamma: 0,
  noiseOffset: 0,
  captionDropout: 0.1,
  randomFlip: false,
  seed: 0,
  checkpointPrecision: 'float32',
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
      `epoch ${epoch}  step ${step}/${totalSteps}  loss ${loss?.toFixed(4)}  norm ${gradientNorm?.toFixed(2)}  ${(seconds * 1000).toFixed(0)} ms`,
    );
  }
  if (event.type === 'epoch') {
    console.log(
      `epoch ${event.epoch}: train ${event.trainLoss?.toFixed(4)}, held out ${event.validationLoss?.toFixed(4) ?? '-'}`,
    );
  }
}

/** Trains a stage to its end, or on to it, and resolves to its last checkpoint. */
async function runStage(
  name: (typeof stages)[number],
  method: Method,
  settings: Partial<TrainingSettings> & Pick<TrainingSettings, 'epochs'>,
  images: readonly TrainingImage[],
  validation: readonly TrainingImage[] = [],
): Promise<string> {
  const job: TrainJob = {
    kind: 'train',
    folder: join(work, name),
    cacheFolder: join(work, 'cache'),
    base,
    method,
    settings: {
      ...common,
      seed: Number(flags.seed),
      checkpointEpochs: milestones(settings.epochs),
      ...settings,
    },
    images,
    validation,
    device: flags.threads === undefined ? {} : { threads: Number(flags.threads) },
  };
  const result = await train(job, { emit: report, stop: stop.signal }, generateOn);
  if (result.end === 'stopped') process.exit(130);
  return newestCheckpoint(name);
}

async function newestCheckpoint(name: (typeof stages)[number]): Promise<string> {
  const checkpoints = join(work, name, checkpointsName);
  const names = (await readdir(checkpoints)).filter((entry) => epochOf(entry) !== null).sort();
  return join(checkpoints, names.at(-1)!);
}

/** Every tenth or so epoch, and the last. */
function milestones(epochs: number): number[] {
  const every = Math.max(1, Math.round(epochs / 10));
  return [
    ...new Set([...Array.from({ length: epochs }, (_, i) => i + 1).filter((e) => e % every === 0), epochs]),
  ];
}

/** Configs, tokenizer and the VAE's first weights; what is there already stays. */
async function prepareBase(glyphs: readonly NotoImage[]): Promise<void> {
  if (await exists(join(base, 'vae', 'diffusion_pytorch_model.safetensors'))) return;
  if (flags.from !== undefined) {
    await cp(resolve(flags.from), base, { recursive: true });
    return;
  }
  await mkdir(base, { recursive: true });
  for (const [file, config] of Object.entries(seedlingConfigs)) {
    await mkdir(dirname(join(base, file)), { recursive: true });
    await writeFile(join(base, file), `${JSON.stringify(config, null, 2)}\n`);
  }
  const texts = taughtGlyphs(glyphs).flatMap(taughtCaptions);
  await writeClipTokenizer(join(base, 'tokenizer'), trainBpe(texts, vocabularySize), tokens);

  const heldOut = new Set(heldOutFromVae(glyphs));
  const fitted = glyphs.filter((glyph, i) => !glyph.skin_tone_variant && !heldOut.has(glyph) && i % 3 === 0);
  const pictures = await Promise.all(
    fitted.map(({ file_name }) => readPixels(join(noto, file_name), { width: size, height: size })),
  );
  const config = readAutoencoderConfig(seedlingConfigs['vae/config.json']);
  const transform = fitBlockTransform(pictures, size, config);
  let [count, sum, squares] = [0, 0, 0];
  for (const picture of pictures) {
    for (const value of blockLatents(transform, picture, size)) {
      sum += value;
      squares += value * value;
      count += 1;
    }
  }
  const deviation = Math.sqrt(squares / count - (sum / count) ** 2);
  const model = await openModel({ base });
  await model.component('vae').write(
    join(base, 'vae'),
    'float32',
    [...firstVaeWeights(config, transform, common.seed).values()].map(
      ({ parameter: { key, shape }, data }) => ({
        name: key,
        shape,
        data: () => Promise.resolve(data),
      }),
    ),
    { scaling_factor: latentDeviation / deviation },
  );
  await model.close();
}

/**
 * Draws the taught glyphs anew: each bent in several ways, shaded as if it were solid, and painted in other colours. What is
 * there already stays.
 */
async function variedPictures(
  glyphs: readonly NotoImage[],
): Promise<readonly { readonly varied: VariedGlyph; readonly image: TrainingImage }[]> {
  const folder = join(work, 'varied');
  await mkdir(folder, { recursive: true });
  const large = join(work, 'noto-large');
  await prepareNoto(large, 3 * size);
  const pictures: { readonly varied: VariedGlyph; readonly image: TrainingImage }[] = [];
  for (const [ordinal, varied] of variedGlyphs(glyphs).entries()) {
    const { glyph, kind, captions } = varied;
    const id = `${String(ordinal).padStart(5, '0')}-${kind}-${glyph.file_name}`;
    const path = join(folder, id);
    if (!(await exists(path))) {
      const { data, info } = await sharp(join(large, glyph.file_name))
        .removeAlpha()
        .raw()
        .toBuffer({ resolveWithObject: true });
      const drawn = { rgb: new Uint8Array(data), edge: info.width };
      const changed =
        kind === 'plain'
          ? drawn
          : kind === 'glossy'
            ? glossy(drawn)
            : { ...drawn, rgb: painted(drawn.rgb, kind) };
      // Nothing else draws from this stream here.
      const draws = uniforms(common.seed, 'flip', 0, ordinal, new Float32Array(9));
      const { rgb } = bent(changed, size, draws);
      await sharp(rgb, { raw: { width: size, height: size, channels: 3 } })
        .png()
        .toFile(`${path}.part`);
      await rename(`${path}.part`, path);
    }
    pictures.push({ varied, image: { id, path, captions, width: size, height: size } });
  }
  return pictures;
}

/** Below one: noise covers the latents, whose many components go together, sooner (Chen 2023, section 2.2). */
const latentDeviation = 0.5;

async function install(): Promise<void> {
  const target = join(root, 'resources', 'seedling');
  const [made, checkpoint] = [join(work, 'export'), join(work, 'newest')];
  for (const folder of [made, checkpoint]) await rm(folder, { recursive: true, force: true });
  const parts = [
    ['text_encoder', 'text'],
    ['unet', 'denoiser'],
    ['vae', 'decoder'],
    // The later stage lays its own over the earlier ones'.
    ['text_encoder', 'hands'],
    ['unet', 'hands'],
  ] as const;
  for (const [part, stage] of parts) {
    // A stage that was not run leaves the base's weights.
    if (!(await exists(join(work, stage, checkpointsName)))) continue;
    await cp(join(await newestCheckpoint(stage), part), join(checkpoint, part), { recursive: true });
  }
  await exportModel(
    {
      kind: 'export',
      model: { base, checkpoint },
      format: 'diffusers',
      output: made,
      precision: 'float16',
      metadata: {},
    },
    { emit: report, stop: stop.signal },
  );
  await mkdir(target, { recursive: true });
  for (const entry of await readdir(made)) {
    await rm(join(target, entry), { recursive: true, force: true });
    await cp(join(made, entry), join(target, entry), { recursive: true });
  }
  console.log(`Installed the newest weights as ${target}.`);
}

if (flags.install) {
  await install();
} else {
  const glyphs = await prepareNoto(noto);
  await prepareBase(glyphs);
  const picture = ({ file_name }: NotoImage, captions: readonly string[]): TrainingImage => ({
    id: file_name,
    path: join(noto, file_name),
    captions,
    width: size,
    height: size,
  });
  const plain = taughtGlyphs(glyphs).map((glyph) => picture(glyph, taughtCaptions(glyph)));
  const varied = flags.stage === 'hands' ? [] : await variedPictures(taughtGlyphs(glyphs));
  /** The things as they are, so many times over. */
  const asTheyAre = (times: number): TrainingImage[] =>
    Array.from({ length: times }, (_, nth) =>
      plain.map((image) => ({ ...image, id: `${String.fromCharCode(97 + nth)}-${image.id}` })),
    ).flat();
  const wanted = (stage: (typeof stages)[number]): boolean =>
    flags.stage === undefined || flags.stage === stage;

  if (wanted('text')) {
    const text = await runStage(
      'text',
      { kind: 'text' },
      {
        epochs: Number(flags['text-epochs']),
        learningRate: 2e-3,
        optimizer: { ...adamw, weightDecay: 1e-3 },
        emaDecay: 0.99,
        captionDropout: 0,
      },
      // What is only bent is said in the same words.
      [
        ...asTheyAre(2),
        ...varied.flatMap(({ varied: { kind }, image }) => (kind === 'plain' ? [] : [image])),
      ],
    );
    await cp(join(text, 'text_encoder'), join(base, 'text_encoder'), { recursive: true });
  }
  if (wanted('denoiser')) {
    const method = { kind: 'scratch', textEncoder: false } as const;
    await runStage(
      'denoiser',
      method,
      { epochs: Number(flags.epochs), learningRate: Number(flags.rate) },
      // Half of the time a thing is as it is: so that it is what its bare name means, and is drawn as crisply.
      [...asTheyAre(8), ...varied.map(({ image }) => image)],
    );
  }
  if (wanted('decoder')) {
    const heldOut = heldOutFromVae(glyphs);
    await runStage(
      'decoder',
      {
        kind: 'decoder',
        latentNoise: Number(flags['latent-noise']),
        edgeWeight: Number(flags['edge-weight']),
      },
      {
        epochs: Number(flags['decoder-epochs']),
        batchSize: 4,
        learningRate: 2e-3,
        schedule: { kind: 'cosine', warmupSteps: 50 },
        optimizer: { ...adamw, weightDecay: 1e-3 },
        captionDropout: 0,
        randomFlip: true,
      },
      [
        ...glyphs
          .filter((glyph) => !glyph.skin_tone_variant && !heldOut.includes(glyph))
          .map((glyph) => picture(glyph, [''])),
        // Of flat pictures alone it would learn to flatten what is softly shaded.
        ...varied.flatMap(({ varied: { glyph, kind }, image }, i) =>
          kind === 'glossy' && i % 2 === 0 && !heldOut.includes(glyph) ? [{ ...image, captions: [''] }] : [],
        ),
      ],
      heldOut.map((glyph) => picture(glyph, [''])),
    );
  }
  // After all the others, and only when it is asked for: it goes on from a base that they have made.
  if (flags.stage === 'hands') {
    const hands: (readonly [Hand, readonly HandImage[]])[] = [];
    for (const hand of taughtHands)
      hands.push([hand, await prepareHand(hand, join(work, 'drawn', hand.prefix))]);
    const pictures = await drawLearned(learnedPictures(glyphs, hands), work, size, common.seed);
    await runStage(
      'hands',
      { kind: 'scratch', textEncoder: true },
      {
        epochs: Number(flags.epochs),
        learningRate: Number(flags.rate),
        batchSize: Number(flags.batch),
        emaDecay: Number(flags.ema),
        schedule: { kind: flags.schedule, warmupSteps: 100 },
        minSnrGamma: Number(flags['min-snr']),
      },
      evenly(pictures, Math.round(Number(flags.share) * pictures.length)),
    );
  }
  if (flags.stage === undefined) await install();
}
