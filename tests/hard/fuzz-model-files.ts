/** Damaged files of whole models, of LoRAs, pickles and archives: each is read or refused by name, in bounded time and memory. */
import {
  closeSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';

import AdmZip from 'adm-zip';

import { misfitOf } from '../../electron/loras/lora-fits.ts';
import { openModel } from '../../native/families/open-model.ts';
import { readFacts } from '../../native/families/read-facts.ts';
import { readLoraFacts } from '../../native/families/read-lora-facts.ts';
import { writeKohyaLora } from '../../native/weights/lora-file.ts';
import { readLora } from '../../native/weights/lora-reader.ts';
import { openTensorFile } from '../../native/weights/open-tensor-file.ts';
import { writeSingleFileModel } from '../reference/single-file-models.ts';
import { tinyLora, tinyLoraLayout } from '../training/tiny-model.ts';
import { archiveOf } from '../weights/torch-archive.ts';
import { asked } from './figures.ts';
import { fuzz, type FuzzCase, ownFolder, serveCases } from './fuzz.ts';
import { damageBytes, damageJson, damagePickle, type Draw, drawnFrom, pick } from './mutate.ts';

const folder = process.argv.includes('--worker') ? ownFolder() : '';

const at = (...parts: readonly string[]) => join(folder, ...parts);

type Header = Readonly<Record<string, unknown>>;

/** A safetensors file, its weights none but holes on the disk: models of any size are made in no time. */
function putSparse(path: string, header: Uint8Array, bytes: number, beginning: Buffer): string {
  const file = openSync(path, 'w');
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  writeSync(file, length);
  writeSync(file, header);
  writeSync(file, beginning.subarray(0, bytes));
  ftruncateSync(file, 8 + header.length + bytes);
  closeSync(file);
  return path;
}

function headerOf(file: Buffer): string {
  return file.subarray(8, 8 + Number(file.readBigUInt64LE())).toString();
}

/** The header of a published model, of which names and shapes alone are known. */
function publishedHeader(name: string): { readonly header: Header; readonly bytes: number } {
  const configs = fileURLToPath(new URL('../reference/configs', import.meta.url));
  const zipped = readFileSync(join(configs, `${name}-single-file.parameters.json.gz`));
  const shapes = JSON.parse(gunzipSync(zipped).toString()) as readonly [string, readonly number[]][];
  let bytes = 0;
  const header = Object.fromEntries(
    shapes.map(([key, shape]) => {
      const begin = bytes;
      bytes += 2 * shape.reduce((product, extent) => product * extent, 1);
      return [key, { dtype: 'F16', shape, data_offsets: [begin, bytes] }];
    }),
  );
  return { header, bytes };
}

/** Mostly a header still: one or a few tensors are called otherwise, left out, of another type or shape, or lie elsewhere. */
function damageHeader(draw: Draw, valid: string): Buffer {
  if (draw() < 0.4) return damageJson(draw, valid);
  const entries = Object.entries(JSON.parse(valid) as Record<string, { shape?: number[]; dtype?: string }>);
  for (let left = 1 + Math.floor(draw() * 3); left > 0; left--) {
    const place = Math.floor(draw() * entries.length);
    const [name, entry] = entries[place]!;
    switch (Math.floor(draw() * 5)) {
      case 0:
        entries.splice(place, 1);
        break;
      case 1:
        entries[place] = [
          pick(draw, entries)[0].replace(/\d+/, (digits) => String(Number(digits) + 1)),
          entry,
        ];
        break;
      case 2:
        entries[place] = [
          name,
          { ...entry, dtype: pick(draw, ['F64', 'F32', 'F16', 'BF16', 'I8', 'F8_E4M3', 'U4']) },
        ];
        break;
      case 3:
        entries[place] = [name, { ...entry, shape: [...(entry.shape ?? [])].reverse() }];
        break;
      default:
        entries[place] = [name, { ...entry, ...pick(draw, entries)[1] }];
    }
  }
  return Buffer.from(JSON.stringify(Object.fromEntries(entries)));
}

/** All that is made of a file of a model when it is added, and a few of its weights. */
async function openWhole(path: string): Promise<void> {
  await readFacts(path);
  const model = await openModel({ base: path });
  try {
    for (const component of model.components.values()) {
      const small = component
        .weights()
        .filter(({ shape }) => shape.length === 1)
        .slice(0, 3);
      for (const { data } of small) if (typeof data === 'function') await data();
    }
  } finally {
    await model.close();
  }
}

async function readAny(path: string): Promise<void> {
  const file = await openTensorFile(path);
  try {
    for (const name of [...file.tensors.keys()].slice(0, 4)) await file.readAs(name, 'float32');
  } finally {
    await file.close();
  }
}

async function openCases(): Promise<readonly FuzzCase[]> {
  const model = at('model');
  mkdirSync(model);
  await writeSingleFileModel(model, 1);
  const whole = readFileSync(join(model, 'sd1.safetensors'));
  const tiny = { header: headerOf(whole), bytes: whole.length - 8 - headerOf(whole).length };
  const published = ['sd1', 'sd2', 'sdxl'].map((name) => publishedHeader(name));
  const lora = at('valid.safetensors');
  await writeKohyaLora(lora, tinyLora(), tinyLoraLayout, 'float32', { ss_network_module: 'networks.lora' });
  const loraBytes = readFileSync(lora);
  const fixtures = fileURLToPath(new URL('../reference/fixtures', import.meta.url));
  const pickled = ['lora.pt', 'torch/lightning.ckpt', 'torch/trained.pth', 'torch/protocol-5.pt'].map(
    (name) => {
      const bytes = readFileSync(join(fixtures, name));
      const files = new AdmZip(bytes)
        .getEntries()
        .map((entry) => [entry.entryName, entry.getData()] as const);
      return { bytes, files };
    },
  );
  const beginning = whole.subarray(8 + headerOf(whole).length, 8 + headerOf(whole).length + 4096);
  const caseOf = (name: string, run: (draw: Draw) => Promise<unknown>): FuzzCase => ({
    name,
    run: (seed) => run(drawnFrom(seed)),
  });
  const put = (name: string, bytes: Uint8Array): string => {
    writeFileSync(at(name), bytes);
    return at(name);
  };
  return [
    caseOf('single file', (draw) =>
      openWhole(putSparse(at('tiny.safetensors'), damageHeader(draw, tiny.header), tiny.bytes, beginning)),
    ),
    caseOf('single file, cut or grown', (draw) => {
      const bytes = Math.floor(tiny.bytes * draw() * 1.2);
      const header = draw() < 0.5 ? Buffer.from(tiny.header) : damageHeader(draw, tiny.header);
      return openWhole(putSparse(at('cut.safetensors'), header, bytes, damageBytes(draw, beginning)));
    }),
    caseOf('published single file', (draw) => {
      const { header, bytes } = pick(draw, published);
      const damaged = damageHeader(draw, JSON.stringify(header));
      return readFacts(putSparse(at('published.safetensors'), damaged, bytes, Buffer.alloc(0)));
    }),
    caseOf('note about a model', (draw) => {
      const note = {
        model: 'model/sd1.safetensors',
        parts: { vae: 'model/sd1', text_encoder: 'model/sd1.safetensors' },
      };
      const said = { ...note, prediction: { type: 'epsilon', because: 'a person said so' } };
      return openWhole(put('a.model.json', damageJson(draw, JSON.stringify(said))));
    }),
    caseOf('lent part', (draw) => {
      putSparse(at('lender.safetensors'), damageHeader(draw, tiny.header), tiny.bytes, beginning);
      const parts = pick(draw, [{ vae: 'lender.safetensors' }, { text_encoder: 'lender.safetensors' }]);
      return openWhole(put('b.model.json', Buffer.from(JSON.stringify({ model: 'model/sd1', parts }))));
    }),
    caseOf('LoRA', async (draw) => {
      const path = put('lora.safetensors', damageBytes(draw, loraBytes));
      await readLoraFacts(path);
      return readLora(path, tinyLoraLayout);
    }),
    caseOf('LoRA’s header', async (draw) => {
      const header = damageHeader(draw, headerOf(loraBytes));
      const bytes = loraBytes.length - 8 - headerOf(loraBytes).length;
      const path = putSparse(at('header.safetensors'), header, bytes, Buffer.alloc(0));
      await readLoraFacts(path);
      return misfitOf(path, join(model, 'sd1'));
    }),
    caseOf('pickle', (draw) => {
      const files = pick(draw, pickled).files.map(([name, bytes]) => ({
        name,
        bytes: name.endsWith('data.pkl') ? damagePickle(draw, bytes) : bytes,
      }));
      return readAny(put('pickle.ckpt', archiveOf(files)));
    }),
    caseOf('pickled LoRA', async (draw) => {
      const files = pickled[0]!.files.map(([name, bytes]) => ({
        name,
        bytes: name.endsWith('data.pkl') ? damagePickle(draw, bytes) : bytes,
      }));
      return readLoraFacts(put('lora.pt', archiveOf(files)));
    }),
    caseOf('zip', (draw) => readAny(put('zip.ckpt', damageBytes(draw, pick(draw, pickled).bytes)))),
    caseOf('zip’s directory', (draw) => {
      const { bytes } = pick(draw, pickled);
      // Directories lie at the end.
      const from = bytes.length - Math.min(bytes.length, 600);
      const damaged = damageBytes(draw, bytes.subarray(from));
      return readAny(put('directory.ckpt', Buffer.concat([bytes.subarray(0, from), damaged])));
    }),
  ];
}

if (process.argv.includes('--worker')) await serveCases(openCases);
else {
  const { count, seed } = asked(100_000);
  await fuzz(basename(import.meta.filename, '.ts'), import.meta.filename, count, seed);
}
