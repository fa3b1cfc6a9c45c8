import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';

import type { HostTensor } from '../../native/runtime/runtime.ts';
import { openSafetensors } from '../../native/weights/safetensors.ts';

/** A fixture made by one of the scripts beside this file; what its tensors mean is said in that script. */
export interface Fixture {
  readonly metadata: Readonly<Record<string, string>>;
  /** Every tensor by its full name; float16 widened to float32. */
  readonly tensors: ReadonlyMap<string, HostTensor>;
}

export type ModelName =
  | 'unet-sd1'
  | 'unet-sd1-deep'
  | 'unet-sd2'
  | 'unet-plain-first'
  | 'unet-sdxl'
  | 'unet-tiny'
  | 'clip-sd1'
  | 'clip-sd2'
  | 'clip-sdxl'
  | 'clip-sdxl-projected'
  | 'vae-2-levels'
  | 'vae-3-levels';

/** A model with random weights, and its forward pass by diffusers or transformers. */
export interface ModelFixture {
  /** Its config.json, parsed. */
  readonly config: unknown;
  /** By state-dict names. */
  readonly weights: ReadonlyMap<string, HostTensor>;
  /** `sample`, `timestep`, `encoder_hidden_states`, of SDXL `text_embeds`, `time_ids`; `input_ids`; `sample`, `latents`. */
  readonly inputs: ReadonlyMap<string, HostTensor>;
  /** `sample`; `last_hidden_state`, `pooler_output`, of SDXL's `penultimate`, `text_embeds`; `moments`, `mean`, `logvar`, `decoded`. */
  readonly outputs: ReadonlyMap<string, HostTensor>;
}

const folder = dirname(fileURLToPath(import.meta.url));

/** Reads `fixtures/<name>.safetensors`. */
export async function readFixture(name: string): Promise<Fixture> {
  const file = await openSafetensors(join(folder, 'fixtures', `${name}.safetensors`));
  try {
    const tensors = new Map<string, HostTensor>();
    for (const [key, { dtype, shape }] of file.tensors) {
      tensors.set(
        key,
        dtype === 'I64'
          ? { type: 'int64', shape, data: new BigInt64Array((await file.read(key)).slice().buffer) }
          : { type: 'float32', shape, data: await file.readAs(key, 'float32') },
      );
    }
    return { metadata: Object.fromEntries(file.metadata), tensors };
  } finally {
    await file.close();
  }
}

/** The tensors whose names begin with `prefix`, without it. */
export function withPrefix(
  tensors: ReadonlyMap<string, HostTensor>,
  prefix: string,
): ReadonlyMap<string, HostTensor> {
  const entries = [...tensors].filter(([name]) => name.startsWith(prefix));
  return new Map(entries.map(([name, tensor]) => [name.slice(prefix.length), tensor]));
}

/** A model's forward pass; its gradients are `readFixture(name + '.gradients')`. */
export async function readModelFixture(name: ModelName): Promise<ModelFixture> {
  const { metadata, tensors } = await readFixture(name);
  const weights = [...tensors].filter(([key]) => !/^(input|output)\./.test(key));
  return {
    config: JSON.parse(metadata.config ?? 'null') as unknown,
    weights: new Map(weights),
    inputs: withPrefix(tensors, 'input.'),
    outputs: withPrefix(tensors, 'output.'),
  };
}

export type FullSizeName =
  | 'sd1-unet'
  | 'sd2-unet'
  | 'sdxl-unet'
  | 'sd1-text-encoder'
  | 'sd2-text-encoder'
  | 'sdxl-text-encoder-2'
  | 'vae';

/** Every tensor of a published file of a whole model, in the original code's names. */
export async function readSingleFileTensors(
  name: 'sd1' | 'sd2' | 'sdxl',
): Promise<ReadonlyMap<string, readonly number[]>> {
  const packed = await readFile(join(folder, 'configs', `${name}-single-file.parameters.json.gz`));
  return new Map(JSON.parse(gunzipSync(packed).toString()) as [string, number[]][]);
}

/** A published Stable Diffusion component at full size: its config.json, and its state dict's shapes by name. */
export interface FullSize {
  readonly config: unknown;
  readonly parameters: ReadonlyMap<string, readonly number[]>;
}

/** Reads `configs/<name>.json` and the parameters full_size.py wrote beside it. */
export async function readFullSize(name: FullSizeName): Promise<FullSize> {
  const config = await readFile(join(folder, 'configs', `${name}.json`), 'utf8');
  const parameters = gunzipSync(await readFile(join(folder, 'configs', `${name}.parameters.json.gz`)));
  return {
    config: JSON.parse(config) as unknown,
    parameters: new Map(JSON.parse(parameters.toString()) as [string, number[]][]),
  };
}

/** What both sides of the benchmark do: the UNet's config.json, and the batch it trains on. */
export interface BenchSettings {
  readonly batch: number;
  readonly tokens: number;
  /** Of the latents. */
  readonly height: number;
  readonly width: number;
  readonly unet: unknown;
}

/** Reads `bench-unet.json`. */
export async function readBenchSettings(): Promise<BenchSettings> {
  return JSON.parse(await readFile(join(folder, 'bench-unet.json'), 'utf8')) as BenchSettings;
}
