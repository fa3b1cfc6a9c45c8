/**
 * Writes a tiny model folder and a LoRA for it, with arbitrary weights, for tests/reference/weights_folder.py to read
 * with diffusers: `node tests/reference/weights-folder.ts <folder>`. The shapes come from there:
 * `<folder>/shapes.json`, component -> state-dict key -> shape.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { stableDiffusionLayout } from '../../native/families/stable-diffusion/layout.ts';
import { folderTokenizer } from '../../native/tokenizer/tokenizer-source.ts';
import { trainBpe, writeClipTokenizer } from '../../native/tokenizer/train-bpe.ts';
import type { LoraModule } from '../../native/weights/lora-file.ts';
import { writeKohyaLora } from '../../native/weights/lora-file.ts';
import type { LoraLayout } from '../../native/weights/lora-names.ts';
import { writeModelFolder } from '../../native/weights/write-model-folder.ts';

interface Described {
  readonly config: Readonly<Record<string, unknown>>;
  readonly shapes: Readonly<Record<string, readonly number[]>>;
  /** Modules to adapt, with the shape of their weight. */
  readonly adapted: Readonly<Record<string, readonly number[]>>;
}

/** Small numbers that float16 holds exactly, the same for the same name and place. */
function weight(name: string, shape: readonly number[]): Float32Array<ArrayBuffer> {
  let state = Buffer.from(name).reduce((sum, byte) => (sum * 31 + byte) % 65_536, 7);
  const length = shape.reduce((product, extent) => product * extent, 1);
  return Float32Array.from({ length }, () => {
    state = (state * 75 + 74) % 65_537;
    return ((state % 401) - 200) / 1024;
  });
}

const folder = process.argv[2];
if (folder === undefined) throw new Error('Name the folder to write');
const described = JSON.parse(await readFile(join(folder, 'shapes.json'), 'utf8')) as Record<
  'unet' | 'vae' | 'text_encoder',
  Described
> & { readonly scheduler: Readonly<Record<string, unknown>> };

await writeClipTokenizer(
  join(folder, 'tokenizer'),
  trainBpe(['a photo of a cat, a photo of a dog'], 520),
  16,
);
const parts = (name: 'unet' | 'vae' | 'text_encoder') => ({
  config: described[name].config,
  weights: Object.entries(described[name].shapes).map(([key, shape]) => ({
    name: key,
    shape,
    data: () => Promise.resolve(weight(key, shape)),
  })),
});
for (const precision of ['float32', 'float16'] as const) {
  await writeModelFolder(join(folder, precision), {
    layout: stableDiffusionLayout,
    components: { unet: parts('unet'), vae: parts('vae'), text_encoder: parts('text_encoder') },
    scheduler: described.scheduler,
    tokenizers: { tokenizer: folderTokenizer(join(folder, 'tokenizer')) },
    precision,
  });
}

const rank = 2;
const modules = (['unet', 'text_encoder'] as const).flatMap((component) =>
  Object.entries(described[component].adapted).map(
    ([module, [out = 0, inputs = 0, ...kernel]]): LoraModule => {
      const down = weight(`${module} down`, [rank, inputs, ...kernel]);
      return { component, module, rank, alpha: 1, kernel, down, up: weight(`${module} up`, [out, rank]) };
    },
  ),
);
/** Written keys need no paths. */
const layout: LoraLayout = [
  { component: 'unet', prefixes: ['lora_unet'], shapes: new Map() },
  { component: 'text_encoder', prefixes: ['lora_te'], shapes: new Map() },
];
await writeKohyaLora(join(folder, 'lora.safetensors'), modules, layout, 'float32', {});
