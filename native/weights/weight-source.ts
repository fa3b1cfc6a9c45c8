import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { Failure } from '../failure.ts';
import { isJsonObject, readJsonObject } from '../files/json-file.ts';
import type { ComponentKind } from './component-kind.ts';
import type { SafetensorsDtype } from './safetensors.ts';
import { openSafetensors } from './safetensors.ts';
import type { TensorFile } from './tensor-file.ts';
import { openTorchFile } from './torch-file.ts';

/** The weights of one component under their current state-dict keys, in one file or several. */
export interface WeightSource {
  readonly names: readonly string[];
  /** Paths of the files, in a fixed order. */
  readonly files: readonly string[];
  shape(name: string): readonly number[];
  dtype(name: string): SafetensorsDtype;
  /** Fills `target`, which must have as many elements as the weight. */
  readInto(name: string, target: Float32Array<ArrayBuffer>): Promise<void>;
  read(name: string): Promise<Float32Array<ArrayBuffer>>;
  /** As float16 bits, rounded where the file has a wider type. */
  readHalf(name: string): Promise<Uint16Array<ArrayBuffer>>;
  close(): Promise<void>;
}

type Suffix = 'safetensors' | 'bin';

/** A file or an index of shards, as diffusers and transformers call them now and have called them. */
function namesOf(stem: string, suffix: Suffix): readonly string[] {
  const variants = ['fp16', 'bf16', 'non_ema'].flatMap((variant) => [
    `${stem}.${variant}.${suffix}`,
    `${stem}.${suffix}.index.${variant}.json`,
    `${stem}.${variant}.${suffix}.index.json`,
  ]);
  return [`${stem}.${suffix}`, `${stem}.${suffix}.index.json`, ...variants];
}

/** Whole weights before half ones, single files before shards, and pickles where there is nothing else. */
const candidates: readonly (readonly [string, Suffix])[] = (
  [
    ['diffusion_pytorch_model', 'safetensors'],
    ['model', 'safetensors'],
    ['diffusion_pytorch_model', 'bin'],
    ['pytorch_model', 'bin'],
  ] as const
).flatMap(([stem, suffix]) => namesOf(stem, suffix).map((name) => [name, suffix] as const));

const openers: Readonly<Record<Suffix, (path: string) => Promise<TensorFile>>> = {
  safetensors: openSafetensors,
  bin: openTorchFile,
};

const pickles = /\.(?:bin|ckpt|pt|pth)(?:\.index\.json)?$/;

/** The shards an index names. Their names come from the file, so none may lead out of the folder. */
async function readIndex(folder: string, name: string, suffix: Suffix): Promise<ReadonlyMap<string, string>> {
  const path = join(folder, name);
  const refuse = (what: string): Failure =>
    new Failure('model-index-invalid', `${path} ${what}`, 'Download the model again.');
  const map = (await readJsonObject(path))?.weight_map;
  if (!isJsonObject(map) || Object.keys(map).length === 0) throw refuse('has no weight_map');
  const shards = new Map<string, string>();
  for (const [weight, shard] of Object.entries(map)) {
    if (
      typeof shard !== 'string' ||
      !/^[\w-][\w.-]*\.(?:safetensors|bin)$/.test(shard) ||
      !shard.endsWith(suffix)
    )
      throw refuse(`names ${JSON.stringify(shard)} as the file of ${weight}`);
    shards.set(weight, shard);
  }
  return shards;
}

interface Located {
  readonly file: TensorFile;
  readonly key: string;
  readonly shape: readonly number[];
}

function locate(
  kind: ComponentKind,
  files: readonly TensorFile[],
  shards: ReadonlyMap<string, string> | null,
  folder: string,
): ReadonlyMap<string, Located> {
  const located = new Map<string, Located>();
  for (const file of files) {
    for (const [key, { shape }] of file.tensors) {
      const listed = shards?.get(key);
      if (shards !== null && (listed === undefined || join(folder, listed) !== file.path)) continue;
      const name = kind.currentName(key);
      if (name === null) continue;
      const known = located.get(name);
      if (known !== undefined) {
        throw new Failure(
          'weights-ambiguous',
          `${file.path} has ${name} twice, as ${known.key} and ${key}`,
          'Use the model as it was published; this one was put together wrongly.',
        );
      }
      located.set(name, { file, key, shape: kind.currentShape(name, shape) });
    }
  }
  const keys = new Set([...located.values()].map(({ key }) => key));
  for (const key of shards?.keys() ?? []) {
    if (kind.currentName(key) !== null && !keys.has(key)) {
      throw new Failure(
        'tensor-missing',
        `${folder} lacks ${key}, which its index lists`,
        'Download the model again.',
      );
    }
  }
  return located;
}

/**
 * Opens what weights a component's folder has, as `.safetensors` or, where there are none, as `.bin`: whole, in half
 * precision, sharded. Null where there are none at all, as for a model to be trained from scratch.
 *
 * @throws Failure `model-weights-pickle`, `model-index-invalid`, `tensor-missing`, `weights-ambiguous` and those of
 * `openSafetensors` and `openTorchFile`
 */
export async function openWeightSource(folder: string, kind: ComponentKind): Promise<WeightSource | null> {
  const present = new Set(await readdir(folder));
  const found = candidates.find(([candidate]) => present.has(candidate));
  if (found === undefined) {
    const pickle = [...present].sort().find((candidate) => pickles.test(candidate));
    if (pickle === undefined) return null;
    throw new Failure(
      'model-weights-pickle',
      `${folder} has its weights only as ${pickle}, a name that a component's weights never have`,
      'Get the safetensors version of the model. If the file holds the weights of this component alone, name it ' +
        `${kind.library === 'diffusers' ? 'diffusion_pytorch_model.bin' : 'pytorch_model.bin'}.`,
    );
  }
  const [name, suffix] = found;
  const shards = name.endsWith('.json') ? await readIndex(folder, name, suffix) : null;
  const shardNames = shards === null ? [name] : [...new Set(shards.values())].sort();
  const files: TensorFile[] = [];
  const close = async (): Promise<void> => {
    for (const file of files.splice(0)) await file.close();
  };
  try {
    for (const shard of shardNames) files.push(await openers[suffix](join(folder, shard)));
    return source(
      locate(kind, files, shards, folder),
      shardNames.map((shard) => join(folder, shard)),
      close,
    );
  } catch (error) {
    await close();
    throw error;
  }
}

function source(
  located: ReadonlyMap<string, Located>,
  files: readonly string[],
  close: () => Promise<void>,
): WeightSource {
  const find = (name: string): Located => {
    const found = located.get(name);
    if (found !== undefined) return found;
    throw new Failure(
      'tensor-missing',
      `${files[0]!} has no weight ${name}`,
      'Check that its config.json belongs to it; if so, download the model again.',
    );
  };
  return {
    names: [...located.keys()],
    files,
    close,
    shape: (name) => find(name).shape,
    dtype: (name) => find(name).file.tensors.get(find(name).key)!.dtype,
    async readInto(name, target) {
      const { file, key } = find(name);
      await file.readInto(key, target);
    },
    async read(name) {
      const { file, key } = find(name);
      return file.readAs(key, 'float32');
    },
    async readHalf(name) {
      const { file, key } = find(name);
      return file.readAs(key, 'float16');
    },
  };
}

/** SHA-256, in hex, over files' lengths and bytes, read as streams. */
export async function hashFiles(paths: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const path of paths) {
    let length = 0;
    for await (const chunk of createReadStream(path, { highWaterMark: 4 << 20 })) {
      const bytes = chunk as Buffer;
      hash.update(bytes);
      length += bytes.length;
    }
    hash.update(`\n${length}\n`);
  }
  return hash.digest('hex');
}
