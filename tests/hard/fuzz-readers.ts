/** Damaged files before every reader: each is read or refused by name, in bounded time and memory. */
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import AdmZip from 'adm-zip';
import sharp from 'sharp';

import { parseJsonText, validateRunSpec } from '../../electron/contract/parse-run-spec.ts';
import { compileFileNamePattern } from '../../electron/datasets/files/file-name-pattern.ts';
import { readMetadataFile } from '../../electron/datasets/files/metadata-file.ts';
import { readTextFile as readCaption } from '../../electron/datasets/files/text-file.ts';
import { createRun, readEpochLosses, readOutcome, readRun } from '../../electron/runs/run-folder.ts';
import { openModel } from '../../native/families/open-model.ts';
import { readJsonObject } from '../../native/files/json-file.ts';
import { checkImage, readImageSize, readPixels, shrinkImage } from '../../native/images/decode.ts';
import { readPngText, withPngText } from '../../native/images/png.ts';
import { parseSchedulerConfig } from '../../native/noise/scheduler-config.ts';
import { loadClipTokenizer } from '../../native/tokenizer/clip-tokenizer.ts';
import { writeKohyaLora } from '../../native/weights/lora-file.ts';
import { readLora } from '../../native/weights/lora-reader.ts';
import { openSafetensors } from '../../native/weights/safetensors.ts';
import type { TensorFile } from '../../native/weights/tensor-file.ts';
import { openTorchFile } from '../../native/weights/torch-file.ts';
import { exampleRun } from '../runs/example-run.ts';
import { tinyLora, tinyLoraLayout, tinyScheduler, writeTinyModel } from '../training/tiny-model.ts';
import { archiveOf } from '../weights/torch-archive.ts';
import { asked } from './figures.ts';
import { fuzz, type FuzzCase, ownFolder, serveCases } from './fuzz.ts';
import { damageBytes, damageJson, damagePickle, type Draw, drawnFrom, pick } from './mutate.ts';

const folder = process.argv.includes('--worker') ? ownFolder() : '';

const at = (...parts: readonly string[]) => join(folder, ...parts);

function put(file: string, bytes: Uint8Array | string): string {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, bytes);
  return file;
}

function caseOf(name: string, run: (draw: Draw, seed: number) => Promise<unknown>): FuzzCase {
  return { name, run: (seed) => run(drawnFrom(seed), seed) };
}

/** A pixel format each, as bytes of a file. */
async function pictures(): Promise<readonly (readonly [string, Buffer])[]> {
  const raw = { width: 24, height: 16, channels: 4 } as const;
  const pixels = Buffer.from(Array.from({ length: 24 * 16 * 4 }, (_, index) => (index * 37) % 256));
  const image = () => sharp(pixels, { raw });
  return [
    ['a.png', await image().png().toBuffer()],
    ['b.png', await image().png({ palette: true }).toBuffer()],
    ['c.png', await image().toColourspace('rgb16').png().toBuffer()],
    ['a.jpg', await image().jpeg().toBuffer()],
    ['a.webp', await image().webp().toBuffer()],
    ['a.gif', await image().gif().toBuffer()],
    ['a.tiff', await image().tiff().toBuffer()],
    ['a.avif', await image().avif({ effort: 0 }).toBuffer()],
    ['a.bmp', bitmap(24)],
    ['b.bmp', bitmap(8)],
  ];
}

/** A BMP of 4 x 3 pixels. */
function bitmap(bits: 8 | 24): Buffer {
  const [width, height] = [4, 3];
  const palette = bits === 8 ? 256 * 4 : 0;
  const row = Math.ceil((width * bits) / 32) * 4;
  const bytes = Buffer.alloc(54 + palette + row * height);
  bytes.write('BM');
  bytes.writeUInt32LE(bytes.length, 2);
  bytes.writeUInt32LE(54 + palette, 10);
  bytes.writeUInt32LE(40, 14);
  bytes.writeInt32LE(width, 18);
  bytes.writeInt32LE(height, 22);
  bytes.writeUInt16LE(1, 26);
  bytes.writeUInt16LE(bits, 28);
  return bytes;
}

/** Checkpoints as torch.save wrote them, and the files within them. */
function checkpoints(): readonly { readonly bytes: Buffer; readonly files: ReadonlyMap<string, Buffer> }[] {
  const fixtures = fileURLToPath(new URL('../reference/fixtures/torch', import.meta.url));
  return readdirSync(fixtures)
    .filter((name) => !/safetensors$|^(?:first|legacy|script)/.test(name))
    .map((name) => {
      const bytes = readFileSync(join(fixtures, name));
      const entries = new AdmZip(bytes).getEntries();
      return { bytes, files: new Map(entries.map((entry) => [entry.entryName, entry.getData()])) };
    });
}

const metadataTexts: readonly (readonly [string, string])[] = [
  ['metadata.csv', 'file_name,text,split\na.png,"a fox, red",train\nb.png,owl,validation\n'],
  [
    'metadata.jsonl',
    '{"file_name": "a.png", "text": "a fox"}\n{"file_name": "b.png", "captions": ["x", "y"]}\n',
  ],
  ['metadata.json', '[{"file_name": "a.png", "text": "a fox"}]'],
  ['kohya.json', '{"a": {"caption": "a fox", "tags": "red, forest"}, "b": {"tags": "owl"}}'],
  [
    'danbooru.jsonl',
    '{"id": 1, "md5": "a", "tag_string": "fox red ^_^", "file_ext": "png", "rating": "g"}\n',
  ],
];

async function openCases(): Promise<readonly FuzzCase[]> {
  const model = at('model');
  await writeTinyModel(model);
  const weights = readdirSync(model, { recursive: true, encoding: 'utf8' });
  const jsonFiles = weights.filter((name) => name.endsWith('.json'));
  const tensorFile = weights.find((name) => name.endsWith('.safetensors') && name.includes('vae'))!;
  const tensors = readFileSync(join(model, tensorFile));
  const lora = at('valid lora.safetensors');
  await writeKohyaLora(lora, tinyLora(), tinyLoraLayout, 'float32', {});
  const loraBytes = readFileSync(lora);
  const tokenizer = fileURLToPath(new URL('../../resources/seedling/tokenizer', import.meta.url));
  const tokenizerFiles = readdirSync(tokenizer);
  const images = await pictures();
  const png = withPngText(images[0]![1], { parameters: 'a fox\nSteps: 20, Sampler: Euler, Seed: 1' });
  await createRun(exampleRun(at('run')));
  const runFile = readFileSync(at('run', 'run.json'), 'utf8');

  const torchFiles = checkpoints();
  const readTensors = async (opening: Promise<TensorFile>) => {
    const file = await opening;
    try {
      for (const name of [...file.tensors.keys()].slice(0, 3)) await file.readAs(name, 'float32');
    } finally {
      await file.close();
    }
  };
  const image = (name: string, read: (file: string, bytes: Buffer) => Promise<unknown>) =>
    caseOf(name, async (draw) => {
      const [file, valid] = pick(draw, images);
      const bytes = damageBytes(draw, valid);
      return read(put(at('pictures', file), bytes), bytes);
    });
  const modelWith = async (name: string, bytes: Buffer): Promise<void> => {
    const copy = at('damaged model');
    cpSync(model, copy, { recursive: true });
    put(join(copy, name), bytes);
    const opened = await openModel({ base: copy });
    await opened.close();
  };
  return [
    caseOf('safetensors', async (draw) =>
      readTensors(openSafetensors(put(at('a.safetensors'), damageBytes(draw, tensors)))),
    ),
    caseOf('checkpoint', async (draw) =>
      readTensors(openTorchFile(put(at('a.ckpt'), damageBytes(draw, pick(draw, torchFiles).bytes)))),
    ),
    caseOf('checkpoint’s pickle', async (draw) => {
      const files = [...pick(draw, torchFiles).files].map(([name, bytes]) => ({
        name,
        bytes: name.endsWith('data.pkl') ? damagePickle(draw, bytes) : bytes,
      }));
      return readTensors(openTorchFile(put(at('b.ckpt'), archiveOf(files))));
    }),
    caseOf('LoRA', async (draw) =>
      readLora(put(at('l.safetensors'), damageBytes(draw, loraBytes)), tinyLoraLayout),
    ),
    caseOf('JSON', async (draw) => readJsonObject(put(at('a.json'), damageJson(draw, runFile)))),
    caseOf('tokenizer', async (draw) => {
      const copy = at('tokenizer');
      cpSync(tokenizer, copy, { recursive: true });
      const name = pick(draw, tokenizerFiles);
      const valid = readFileSync(join(tokenizer, name));
      // The vocabulary is long; damaged as bytes it is quicker and no tamer.
      const small = name.endsWith('.json') && valid.length < 20_000;
      put(join(copy, name), small ? damageJson(draw, valid.toString()) : damageBytes(draw, valid));
      (await loadClipTokenizer(copy)).encode('a fox, \u0130 <|endoftext|> 狐 👍🏽');
    }),
    caseOf('scheduler', async (draw) => {
      await Promise.resolve();
      return parseSchedulerConfig(
        damageJson(draw, JSON.stringify(tinyScheduler)).toString(),
        'scheduler.json',
      );
    }),
    caseOf('model folder', async (draw) => {
      const name = pick(draw, jsonFiles);
      await modelWith(name, damageJson(draw, readFileSync(join(model, name), 'utf8')));
    }),
    image('picture, whole', (file) => checkImage(file)),
    image('picture, size', (file) => readImageSize(file)),
    image('picture, thumbnail', (file, bytes) => shrinkImage(bytes, file, 64)),
    image('picture, pixels', (file) => readPixels(file, { width: 16, height: 16 })),
    caseOf('PNG texts', async (draw) => readPngText(put(at('t.png'), damageBytes(draw, png)))),
    caseOf('metadata', async (draw) => {
      const [name, valid] = pick(draw, metadataTexts);
      const json = name.endsWith('.json') ? damageJson(draw, valid) : damageBytes(draw, Buffer.from(valid));
      return readMetadataFile(put(at('metadata', name), json));
    }),
    caseOf('caption', async (draw) =>
      readCaption(put(at('a.txt'), damageBytes(draw, Buffer.from('a fox, 狐\r\nred')))),
    ),
    caseOf('run folder', async (draw) => {
      put(at('run', 'run.json'), damageJson(draw, runFile));
      put(
        at('run', 'metrics.jsonl'),
        damageBytes(draw, Buffer.from('{"type":"epoch","epoch":1,"trainLoss":1}\n')),
      );
      put(at('run', 'outcome.json'), damageJson(draw, '{"end":"stopped","step":1,"epoch":1}'));
      await readOutcome(at('run'));
      await readEpochLosses(at('run'));
      return readRun(at('run'));
    }),
    caseOf('run file', async (draw) => {
      await Promise.resolve();
      const { spec } = JSON.parse(runFile) as { readonly spec: object };
      return validateRunSpec(parseJsonText(damageJson(draw, JSON.stringify(spec)).toString(), 'run'), 'run');
    }),
    caseOf('file name pattern', async (draw) => {
      await Promise.resolve();
      const pattern = damageBytes(draw, Buffer.from('{name}_{type}-{number}')).toString();
      const name = damageBytes(
        draw,
        Buffer.from('fox_red-12_'.repeat(1 + Math.floor(draw() * 20))),
      ).toString();
      const compiled = compileFileNamePattern(pattern) as unknown;
      return typeof compiled === 'function' ? (compiled as (name: string) => unknown)(name) : null;
    }),
  ];
}

if (process.argv.includes('--worker')) await serveCases(openCases);
else {
  const { count, seed } = asked(100_000);
  await fuzz(basename(import.meta.filename, '.ts'), import.meta.filename, count, seed);
}
