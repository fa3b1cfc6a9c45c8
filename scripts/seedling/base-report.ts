/**
 * How good the embedded base model is, in numbers and in sheets to look at: `npm run base:report`, `-- --json` for one
 * JSON object as the last line. `--checkpoint <folder>` lays a checkpoint of its training over it, `--model <folder>`
 * takes another folder; `--only vae`, `names`, `style` or `transfer` judges that alone, and `--run <folder>` judges a finished
 * finetuning instead of one of its own, on the sample images or with `--only transfer` on the case named. `--cases
 * fluent,hand,things` says which finetunings are tried, and `--train '{"learningRate":1e-4}'` lays settings over those the base
 * proposes; `--threads 1` suits a machine busy with other work. Sheets lie in `.screenfold/base-report/`.
 */
import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { trainCommand } from '../../electron/cli/commands/train.ts';
import { createTerminal } from '../../electron/cli/terminal.ts';
import { readDataset } from '../../electron/datasets/dataset.ts';
import { startEngine } from '../../electron/engine/engine-process.ts';
import { checkpointEpochs, checkpointFolder } from '../../electron/runs/run-folder.ts';
import { writeSheet } from '../../electron/sheets/sheet.ts';
import { openModel } from '../../native/families/open-model.ts';
import { readPixels } from '../../native/images/decode.ts';
import { writePng } from '../../native/images/png.ts';
import type { ModelReference, Picture } from '../../native/jobs.ts';
import { type Inference, openInference } from '../../native/models/inference.ts';
import { chooseRuntime } from '../../native/runtime/providers.ts';
import type { Runtime } from '../../native/runtime/runtime.ts';
import { generate } from '../../native/sampling/generate.ts';
import { toRgb } from '../../native/sampling/text-to-image.ts';
import {
  frechetDistance,
  peakSignalToNoise,
  retrievalRank,
  shareWithin,
  styleFeatures,
} from './base-report-measures.ts';
import { heldOutFromVae, sheetNames, taughtCaptions, taughtGlyphs, unpaintedThings } from './data.ts';
import { readFluent } from './fluent.ts';
import { heldOutFromSample, type Named } from './held-out.ts';
import { type NotoImage, prepareNoto } from './noto.ts';
import { judgeTransfer, type Transfer, transferLines } from './transfer.ts';
import { defaultsCase, type TransferCase, transferCases } from './transfer-cases.ts';
import { openTransferTools, transferRun, type TransferTools } from './transfer-run.ts';

const root = resolve(fileURLToPath(new URL('../..', import.meta.url)));
const folder = join(root, '.screenfold', 'base-report');
const sampleRunFile = join(root, 'resources', 'sample', 'run.json');
const size = { width: 64, height: 64 };
/** Twelve alone would be too few: their Fréchet distance in 32 features is half chance. */
const stylePrompts = 96;
/** Fewer than a person would take, and hardly seen: most of the report's time is drawing. */
const transferSteps = 14;
/** As `resources/sample/run.json` draws its samples. */
const styleGuidance = 2;

const { values: flags } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    model: { type: 'string', default: join(root, 'resources', 'seedling') },
    checkpoint: { type: 'string' },
    prompts: { type: 'string', default: '190' },
    only: { type: 'string' },
    run: { type: 'string' },
    cases: { type: 'string', default: 'fluent,hand,things' },
    train: { type: 'string', default: '{}' },
    method: { type: 'string' },
    guidance: { type: 'string' },
    threads: { type: 'string' },
  },
});
const reference: ModelReference = {
  base: resolve(flags.model),
  ...(flags.checkpoint === undefined ? {} : { checkpoint: resolve(flags.checkpoint) }),
};
const device = flags.threads === undefined ? {} : { threads: Number(flags.threads) };
const stop = new AbortController();
process.once('SIGINT', () => {
  stop.abort();
});
const say = (line: string): void => {
  if (!flags.json) console.log(line);
};

interface Wish {
  readonly prompt: string;
  readonly seed: number;
  readonly guidanceScale: number;
  readonly model?: ModelReference;
  readonly name: string;
}

/** Makes the pictures wished for, as the studio would by default, and resolves to their files. */
async function draw(wishes: readonly Wish[], steps = 25): Promise<readonly string[]> {
  const pictures = wishes.map(({ prompt, seed, guidanceScale, model, name }): Picture => ({
    model: model ?? reference,
    prompt,
    negativePrompt: '',
    seed,
    sampler: 'dpm++-2m-karras',
    steps,
    guidanceScale,
    ...size,
    output: join(folder, 'pictures', `${name}.png`),
  }));
  await generate(
    { kind: 'generate', pictures, batchSize: 16, device },
    { emit: () => undefined, stop: stop.signal },
  );
  return pictures.map(({ output }) => output);
}

const pixelsOf = (file: string): Promise<Float32Array> => readPixels(file, size);
const notoFile = (glyph: NotoImage): string => join(root, '.screenfold', 'noto', glyph.file_name);
const featuresOf = (paths: readonly string[]): Promise<number[][]> =>
  Promise.all(paths.map(async (path) => styleFeatures(await pixelsOf(path), size.width)));

interface Autoencoder {
  readonly latents: (picture: Float32Array) => Promise<Float32Array>;
  readonly reconstruct: (picture: Float32Array) => Promise<Float32Array>;
  readonly dispose: () => Promise<void>;
}

async function openAutoencoder(runtime: Runtime): Promise<Autoencoder> {
  const model = await openModel(reference);
  const { autoencoder, readWeight } = model;
  const shape = [1, 3, size.height, size.width];
  const encoder = await openInference(runtime, readWeight, (builders, graph) => ({
    mean: autoencoder.encode(builders('vae'), graph.input('pictures', 'float32', shape)).mean,
  }));
  const whole = await openInference(runtime, readWeight, (builders, graph) => {
    const vae = builders('vae');
    const { mean } = autoencoder.encode(vae, graph.input('pictures', 'float32', shape));
    return { decoded: autoencoder.decode(vae, mean) };
  });
  const run = async (inference: Inference, picture: Float32Array, output: string): Promise<Float32Array> =>
    (await inference.run({ pictures: Float32Array.from(picture) }))[output]!.slice();
  return {
    latents: (picture) => run(encoder, picture, 'mean'),
    reconstruct: (picture) => run(whole, picture, 'decoded'),
    dispose: async () => {
      await encoder.dispose();
      await whole.dispose();
      await model.close();
    },
  };
}

/** Encodes a picture, and decodes it into a file. */
async function reconstruct(path: string, file: string): Promise<Float32Array> {
  const made = await vae.reconstruct(await pixelsOf(path));
  await writePng(file, { ...size, rgb: toRgb(made) }, {});
  return made;
}

async function judgeVae(glyphs: readonly NotoImage[]): Promise<number> {
  const files: [string, string][] = [];
  let sum = 0;
  for (const glyph of glyphs) {
    const file = join(folder, 'pictures', `vae-${glyph.file_name}`);
    const made = await reconstruct(notoFile(glyph), file);
    sum += peakSignalToNoise(made, await pixelsOf(notoFile(glyph)));
    files.push([notoFile(glyph), file]);
  }
  const psnr = sum / glyphs.length;
  await writeSheet(join(folder, 'vae.png'), {
    title: 'Reconstructions',
    subtitle: `${glyphs.length} pictures that the VAE was not trained on, mean PSNR ${psnr.toFixed(2)} dB`,
    columns: [{ text: 'Real' }, { text: 'Reconstructed' }],
    rows: glyphs.map(({ name }) => ({ text: name })),
    pictures: files,
    footer: [],
  });
  return psnr;
}

interface Found {
  readonly ranks: readonly number[];
  readonly files: readonly string[];
}

/** The rank of the prompted glyph among all taught, by the VAE's latents, for every few glyphs. */
async function judgeNames(vae: Autoencoder, taught: readonly NotoImage[]): Promise<Found> {
  const every = Math.max(1, Math.floor(taught.length / Number(flags.prompts)));
  const asked = [...taught.keys()].filter((i) => i % every === 0);
  const files = await draw(
    asked.map((i) => ({
      prompt: taught[i]!.captions[1] ?? taught[i]!.name,
      seed: i,
      guidanceScale: 4,
      name: `name-${i}`,
    })),
  );
  const latents: Float32Array[] = [];
  for (const glyph of taught) latents.push(await vae.latents(await pixelsOf(notoFile(glyph))));
  const mean = meanOf(latents);
  const ranks: number[] = [];
  for (const [k, i] of asked.entries())
    ranks.push(retrievalRank(await vae.latents(await pixelsOf(files[k]!)), latents, i, mean));
  return { ranks, files };
}

function meanOf(rows: readonly Float32Array[]): Float64Array {
  const mean = new Float64Array(rows[0]!.length);
  for (const row of rows) row.forEach((value, i) => (mean[i]! += value / rows.length));
  return mean;
}

async function drawSheets(glyphs: readonly NotoImage[]): Promise<void> {
  const shown = sheetNames.flatMap((name) => glyphs.find((glyph) => glyph.name === name) ?? []);
  const scales = [1, 4, 7.5];
  const files = await draw(
    shown.flatMap((glyph, row) =>
      scales.map((guidanceScale) => ({
        prompt: taughtCaptions(glyph)[2]!,
        seed: 1,
        guidanceScale,
        name: `sheet-${row}-${guidanceScale}`,
      })),
    ),
  );
  for (let begin = 0; begin < shown.length; begin += 20) {
    const part = shown.slice(begin, begin + 20);
    await writeSheet(join(folder, `names-${begin / 20 + 1}.png`), {
      title: 'Names',
      columns: [{ text: 'Noto' }, ...scales.map((scale) => ({ text: `guidance ${scale}` }))],
      rows: part.map((glyph) => ({ text: taughtCaptions(glyph)[2]! })),
      pictures: part.map((glyph, i) => [
        notoFile(glyph),
        ...scales.map((_, k) => files[(begin + i) * scales.length + k]!),
      ]),
      footer: ['25 steps of DPM++ 2M Karras, seed 1'],
    });
  }

  const things = unpaintedThings;
  const colors = ['red', 'yellow', 'green', 'blue', 'purple'];
  const tinted = await draw(
    things.flatMap((thing) =>
      ['', ...colors].map((color) => ({
        prompt: `a ${color === '' ? '' : `${color} `}${thing}`,
        seed: 1,
        guidanceScale: 4,
        name: `color-${thing}-${color}`,
      })),
    ),
  );
  const columns = colors.length + 1;
  await writeSheet(join(folder, 'colors.png'), {
    title: 'Colour words',
    columns: ['', ...colors].map((color) => ({ text: color === '' ? '(none)' : color })),
    rows: things.map((thing) => ({ text: `a … ${thing}` })),
    pictures: things.map((_, row) => tinted.slice(row * columns, (row + 1) * columns)),
    footer: ['guidance 4, 25 steps of DPM++ 2M Karras, seed 1'],
  });
}

interface Style {
  /** How many captions of held-out pictures were drawn at every epoch, each once. */
  readonly prompts: number;
  /** Fréchet distances to the sample's pictures by epoch kept, 0 being the base. */
  readonly distances: readonly (readonly [epoch: number, distance: number])[];
  /** The distances of what is really there: the held-out pictures themselves, and Noto's glyphs of their names. */
  readonly real: number;
  readonly noto: number;
  /** Of the finetuned pictures: how often, of the held-out and the trained, their own real one is the nearest. */
  readonly top1: number;
  readonly top5: number;
  readonly candidates: number;
}

/** Finetunes as a run file says, into an empty folder. */
async function finetune(file: string, run: string): Promise<void> {
  await rm(run, { recursive: true, force: true });
  const streams = { out: process.stderr, error: process.stderr };
  const code = await trainCommand(
    {
      engine: startEngine(),
      terminal: createTerminal({ json: false, verbose: false, streams }),
      workingFolder: root,
      cacheFolder: join(folder, 'cache'),
      software: 'Screenfold',
    },
    {
      what: file,
      overrides: [
        { path: ['folder'], value: run },
        { path: ['base'], value: reference.base },
        ...(flags.threads === undefined ? [] : [{ path: ['device', 'threads'], value: device.threads }]),
      ],
      dryRun: false,
    },
  );
  if (code !== 0) throw new Error('The finetuning did not finish.');
}

interface HeldOut extends Named {
  readonly path: string;
  readonly glyph: NotoImage;
}

/** What both Noto and Fluent draw under a name that the base was taught. */
async function drawnByBoth(glyphs: readonly NotoImage[]): Promise<readonly HeldOut[]> {
  const fluent = new Map((await readFluent()).map(({ name, path }) => [name, path]));
  return taughtGlyphs(glyphs).flatMap((glyph) => {
    const path = fluent.get(glyph.name);
    return path === undefined
      ? []
      : [{ name: glyph.name.toLowerCase(), category: glyph.category, path, glyph }];
  });
}

/** What a finetuning on the sample makes of the captions of pictures that it has not seen, from epoch to epoch. */
async function judgeStyle(vae: Autoencoder, glyphs: readonly NotoImage[]): Promise<Style> {
  const run = flags.run === undefined ? join(folder, 'run') : resolve(flags.run);
  if (flags.run === undefined) await finetune(sampleRunFile, run);
  const sample = await readDataset(join(root, 'resources', 'sample'), { verify: false });
  const known = sample.images.map(({ metadata: { name, category, split } }) => ({
    name: String(name),
    category: String(category),
    split: String(split),
  }));
  const heldOut = heldOutFromSample(known, await drawnByBoth(glyphs), stylePrompts);
  const target = await featuresOf(sample.images.map(({ path }) => path));
  const captions = heldOut.map(({ name, category }) => `official 3d art of ${name}, ${category}`);
  const epochs = await checkpointEpochs(run);
  const distances: (readonly [number, number])[] = [];
  let last: readonly string[] = [];
  const rows = heldOut.map(({ glyph, path }) => [notoFile(glyph), path]);
  for (const epoch of [0, ...epochs]) {
    const checkpoint = checkpointFolder(run, epoch);
    last = await draw(
      captions.map((prompt, i) => ({
        prompt,
        seed: i + 1,
        guidanceScale: styleGuidance,
        model: { base: reference.base, ...(epoch === 0 ? {} : { checkpoint }) },
        name: `style-${epoch}-${i}`,
      })),
    );
    distances.push([epoch, frechetDistance(await featuresOf(last), target)]);
    last.forEach((file, row) => rows[row]!.push(file));
  }
  for (let begin = 0; begin < heldOut.length; begin += 24) {
    await writeSheet(join(folder, `style-${begin / 24 + 1}.png`), {
      title: 'Captions of pictures not seen, epoch by epoch',
      columns: [
        { text: 'Noto' },
        { text: 'Fluent' },
        ...distances.map(([epoch]) => ({ text: `epoch ${epoch}` })),
      ],
      rows: captions.slice(begin, begin + 24).map((text) => ({ text })),
      pictures: rows.slice(begin, begin + 24),
      footer: [distances.map(([epoch, distance]) => `epoch ${epoch}: ${distance.toFixed(3)}`).join(', ')],
    });
  }

  const trained = sample.images.filter(({ metadata }) => metadata.split !== 'validation');
  const candidates: Float32Array[] = [];
  for (const { path } of [...heldOut, ...trained]) candidates.push(await vae.latents(await pixelsOf(path)));
  const mean = meanOf(candidates);
  const ranks: number[] = [];
  for (const [i, file] of last.entries())
    ranks.push(retrievalRank(await vae.latents(await pixelsOf(file)), candidates, i, mean));
  return {
    prompts: heldOut.length,
    distances,
    real: frechetDistance(await featuresOf(heldOut.map(({ path }) => path)), target),
    noto: frechetDistance(await featuresOf(heldOut.map(({ glyph }) => notoFile(glyph))), target),
    top1: shareWithin(ranks, 1),
    top5: shareWithin(ranks, 5),
    candidates: candidates.length,
  };
}

async function sizeInMiB(path: string): Promise<number> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  let bytes = 0;
  for (const entry of entries)
    if (entry.isFile()) bytes += (await stat(join(entry.parentPath, entry.name))).size;
  return bytes / 2 ** 20;
}

/** Finetunes as a form would propose it for so many images, and judges what was kept, on captions of pictures not seen. */
async function judgeCase(made: TransferCase, tools: TransferTools): Promise<Transfer> {
  const proposal = await transferRun(made, flags, join(folder, 'transfer'), reference.base);
  // The sample's has been made already where its style was judged, by the same run file.
  const shared = made.tuned !== undefined && wanted('style') && flags.run === undefined;
  const given = flags.only === 'transfer' && flags.run !== undefined ? resolve(flags.run) : null;
  const run = given ?? (shared ? join(folder, 'run') : proposal.run);
  if (!shared && given === null) await finetune(proposal.file, run);
  return judgeTransfer(made, run, await checkpointEpochs(run), tools.projection, {
    draw: (captions, name, epoch) =>
      draw(
        captions.map((prompt, i) => ({
          prompt,
          seed: i + 1,
          guidanceScale: proposal.guidanceScale,
          model: {
            base: reference.base,
            ...(epoch === 0 ? {} : { checkpoint: checkpointFolder(run, epoch) }),
          },
          name: `transfer-${name}-${epoch}-${i}`,
        })),
        transferSteps,
      ),
    features: tools.features,
    reconstruct: async (paths, name) => {
      const files = paths.map((_, i) => join(folder, 'pictures', `${name}-vae-${i}.png`));
      for (const [i, path] of paths.entries()) await reconstruct(path, files[i]!);
      return files;
    },
    sheetFolder: folder,
    size: size.width,
  });
}

await mkdir(join(folder, 'pictures'), { recursive: true });
const glyphs = await prepareNoto(join(root, '.screenfold', 'noto'));
const taught = taughtGlyphs(glyphs);
const runtime = await chooseRuntime(device);
const vae = await openAutoencoder(runtime);

const wanted = (part: 'vae' | 'names' | 'style' | 'transfer'): boolean =>
  flags.only === undefined || flags.only === part;
const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

const vaePsnr = wanted('vae') ? await judgeVae(heldOutFromVae(glyphs)) : null;
if (vaePsnr !== null) say(`VAE: ${vaePsnr.toFixed(2)} dB on held-out pictures`);

const found = wanted('names') ? await judgeNames(vae, taught) : null;
let frechet: number | null = null;
if (found) {
  const { ranks, files } = found;
  say(
    `Names: of ${ranks.length} prompts, ${percent(shareWithin(ranks, 1))} find their glyph first of ${taught.length}, ` +
      `${percent(shareWithin(ranks, 5))} among the first five (chance ${percent(5 / taught.length)})`,
  );
  frechet = frechetDistance(await featuresOf(files), await featuresOf(taught.map(notoFile)));
  say(`Fréchet distance to Noto: ${frechet.toFixed(3)}`);
  await drawSheets(glyphs);
}

const style = wanted('style') ? await judgeStyle(vae, glyphs) : null;
if (style) {
  const curve = style.distances.map(([epoch, distance]) => `${epoch}: ${distance.toFixed(3)}`).join(', ');
  say(
    `Style: Fréchet distance to the sample by epoch, of ${style.prompts} captions of pictures not seen: ${curve}; of ` +
      `those pictures themselves ${style.real.toFixed(3)}, of Noto's of the same names ${style.noto.toFixed(3)}`,
  );
  say(
    `After it ${percent(style.top1)} are nearest of ${style.candidates} to the picture of their caption, ` +
      `${percent(style.top5)} within five`,
  );
}

const transfer: Transfer[] = [];
if (wanted('transfer')) {
  const sample = (await readDataset(join(root, 'resources', 'sample'), { verify: false })).images.map(
    ({ path, metadata: { name, category, split } }) => ({
      path,
      ...{ name: String(name), category: String(category), split: String(split) },
    }),
  );
  const cases = [
    ...(await transferCases(join(folder, 'things'), sample, sampleRunFile)),
    await defaultsCase(join(folder, 'things', 'defaults')),
  ];
  const tools = await openTransferTools(runtime, join(root, 'resources', 'features'), join(folder, 'cache'), {
    cases,
    noto: taught.map(notoFile),
  });
  for (const made of cases.filter(({ name }) => flags.cases.split(',').includes(name))) {
    const judged = await judgeCase(made, tools);
    transfer.push(judged);
    for (const line of transferLines(judged)) say(line);
  }
  await tools.dispose();
}
await vae.dispose();
await runtime.dispose();

const report = {
  vaePsnr,
  top1: found && shareWithin(found.ranks, 1),
  top5: found && shareWithin(found.ranks, 5),
  candidates: taught.length,
  frechet,
  styleFrechetStart: style?.distances[0]?.[1] ?? null,
  styleFrechetEnd: style?.distances.at(-1)?.[1] ?? null,
  transfer: transfer.length === 0 ? null : transfer,
  sizeMiB: await sizeInMiB(reference.base),
};
await writeFile(
  join(folder, `report${flags.only === undefined ? '' : `-${flags.only}`}.json`),
  `${JSON.stringify({ ...report, style }, null, 2)}\n`,
);
say(`Sheets: ${relative(root, folder)}`);
if (flags.json) console.log(JSON.stringify(report));
