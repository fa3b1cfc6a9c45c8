/**
 * Writes a tiny model and LoRAs of every form for it, in the names of several programs:
 * `node tests/reference/lora-models.ts <folder>`. lora_pictures.py makes pictures with them; the test makes the same files again.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { makeFolder } from '../../native/files/atomic-file.ts';
import { elementCount } from '../../native/graph/data-type.ts';
import { normals } from '../../native/random/philox.ts';
import { type TensorToWrite, writeSafetensors } from '../../native/weights/safetensors.ts';
import { tinyParameters, writeTinyModel } from '../training/tiny-model.ts';

interface Adapted {
  readonly component: 'unet' | 'text_encoder';
  readonly module: string;
  /** Of its weight. */
  readonly shape: readonly number[];
}

const adaptable = (component: Adapted['component'], wanted: RegExp): Adapted[] =>
  tinyParameters(component).flatMap(({ key, shape }) => {
    const module = key.replace(/\.weight$/, '');
    return shape.length > 1 && wanted.test(module) ? [{ component, module, shape }] : [];
  });

const attention = /\.attn[12]\.to_(?:q|k|v|out\.0)$/;
const transformers = /\.attentions\./;
const residual = /\.resnets\.\d\.(?:conv1|conv2|conv_shortcut|time_emb_proj)$|samplers\.0\.conv$/;
const text = /\.(?:self_attn|mlp)\./;

type Part = 'down' | 'up' | 'alpha' | 'magnitude';
type Name = (adapted: Adapted, part: Part) => string;

const kohya: Name = ({ component, module }, part) => {
  const start = component === 'unet' ? 'lora_unet' : 'lora_te';
  const ends = { down: 'lora_down.weight', up: 'lora_up.weight', alpha: 'alpha', magnitude: 'dora_scale' };
  return `${start}_${module.replaceAll('.', '_')}.${ends[part]}`;
};
const peft: Name = ({ component, module }, part) => {
  const ends = {
    down: 'lora_A.weight',
    up: 'lora_B.weight',
    alpha: 'alpha',
    magnitude: 'lora_magnitude_vector',
  };
  return `${component}.${module}.${ends[part]}`;
};
const processors: Name = ({ module }, part) =>
  `${module.replace(/\.(to_q|to_k|to_v|to_out)(?:\.0)?$/, '.processor.$1_lora')}.${part}.weight`;

interface Form {
  readonly name: Name;
  readonly rank: number;
  /** Left out: none is written, so that it is the rank. */
  readonly alpha?: number;
  readonly dora?: boolean;
}

/** The tensors of a LoRA, drawn from a stream of the file's own; strong enough to change pictures. */
function tensorsOf(
  seed: number,
  modules: readonly Adapted[],
  { name, rank, alpha, dora }: Form,
): TensorToWrite[] {
  return modules.flatMap((adapted, index): TensorToWrite[] => {
    const [rows = 0, columns = 0, ...kernel] = adapted.shape;
    const draw = (part: number, shape: readonly number[], by: (value: number) => number) => {
      const data = normals(seed, 'initial-weights', part, index, new Float32Array(elementCount(shape)));
      return { dtype: 'F32', shape, data: data.map(by) } as const;
    };
    const weak = (value: number): number => value * 0.15;
    const ones = kernel.map(() => 1);
    return [
      { name: name(adapted, 'down'), ...draw(0, [rank, columns, ...kernel], weak) },
      { name: name(adapted, 'up'), ...draw(1, [rows, rank, ...ones], weak) },
      ...(alpha === undefined
        ? []
        : [{ name: name(adapted, 'alpha'), dtype: 'F32', shape: [], data: Float32Array.of(alpha) } as const]),
      ...(dora === true
        ? [{ name: name(adapted, 'magnitude'), ...draw(2, [rows], (value) => 1 + 0.2 * value) }]
        : []),
    ];
  });
}

const files: Readonly<Record<string, () => TensorToWrite[]>> = {
  kohya: () =>
    tensorsOf(11, [...adaptable('unet', transformers), ...adaptable('text_encoder', text)], {
      name: kohya,
      rank: 2,
      alpha: 1,
    }),
  locon: () =>
    tensorsOf(12, [...adaptable('unet', transformers), ...adaptable('unet', residual)], {
      name: kohya,
      rank: 3,
      alpha: 2,
    }),
  peft: () =>
    tensorsOf(13, [...adaptable('unet', attention), ...adaptable('text_encoder', /self_attn/)], {
      name: peft,
      rank: 2,
    }),
  processors: () => tensorsOf(14, adaptable('unet', attention), { name: processors, rank: 2 }),
  dora: () => tensorsOf(15, adaptable('unet', attention), { name: peft, rank: 2, dora: true }),
};

/** Writes `model/` and a file for each LoRA; resolves to a SHA-256 over what decides the pictures. */
export async function writeLoraModels(folder: string): Promise<string> {
  await makeFolder(folder);
  await writeTinyModel(join(folder, 'model'));
  const hash = createHash('sha256');
  for (const part of ['unet/diffusion_pytorch_model', 'vae/diffusion_pytorch_model', 'text_encoder/model'])
    hash.update(await readFile(join(folder, 'model', `${part}.safetensors`)));
  for (const [name, tensors] of Object.entries(files)) {
    const path = join(folder, `${name}.safetensors`);
    await writeSafetensors(path, tensors());
    hash.update(await readFile(path));
  }
  return hash.digest('hex');
}

if (process.argv[1] === import.meta.filename && process.argv[2] !== undefined) {
  console.log(await writeLoraModels(resolve(process.argv[2])));
}
