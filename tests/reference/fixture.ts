import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { HostTensor } from '../../native/runtime/runtime.ts';

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
  | 'unet-tiny'
  | 'clip-sd1'
  | 'clip-sd2'
  | 'vae-2-levels'
  | 'vae-3-levels';

/** A model with random weights, and its forward pass by diffusers or transformers. */
export interface ModelFixture {
  /** Its config.json, parsed. */
  readonly config: unknown;
  /** By state-dict names. */
  readonly weights: ReadonlyMap<string, HostTensor>;
  /** `sample`, `timestep`, `encoder_hidden_states`; `input_ids`; `sample`, `latents`. */
  readonly inputs: ReadonlyMap<string, HostTensor>;
  /** `sample`; `last_hidden_state`, `pooler_output`; `moments`, `mean`, `logvar`, `decoded`. */
  readonly outputs: ReadonlyMap<string, HostTensor>;
}

const folder = join(dirname(fileURLToPath(import.meta.url)), 'fixtures');

/** Reads `fixtures/<name>.safetensors`. */
export async function readFixture(name: string): Promise<Fixture> {
  const bytes = await readFile(join(folder, `${name}.safetensors`));
  const headerEnd = 8 + Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.toString('utf8', 8, headerEnd)) as Record<string, unknown>;
  const tensors = new Map<string, HostTensor>();
  for (const [key, value] of Object.entries(header)) {
    if (key === '__metadata__') continue;
    const entry = value as { dtype: string; shape: number[]; data_offsets: [number, number] };
    const [begin, end] = entry.data_offsets;
    // Copied, so that the elements are aligned whatever the header's length.
    const { buffer } = new Uint8Array(bytes.subarray(headerEnd + begin, headerEnd + end));
    tensors.set(key, hostTensor(entry.dtype, entry.shape, buffer));
  }
  return { metadata: (header.__metadata__ ?? {}) as Record<string, string>, tensors };
}

function hostTensor(dtype: string, shape: readonly number[], buffer: ArrayBuffer): HostTensor {
  switch (dtype) {
    case 'F32':
      return { type: 'float32', shape, data: new Float32Array(buffer) };
    case 'F16':
      return { type: 'float32', shape, data: Float32Array.from(new Uint16Array(buffer), halfToNumber) };
    case 'I64':
      return { type: 'int64', shape, data: new BigInt64Array(buffer) };
    default:
      throw new Error(`no reading of ${dtype} in fixtures`);
  }
}

function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = (bits & 0x3ff) / 1024;
  return sign * (exponent === 0 ? fraction * 2 ** -14 : (1 + fraction) * 2 ** (exponent - 15));
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
