import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import { writeFileAtomic, writeFolderAtomic } from '../../files/atomic-file.ts';
import type { JsonObject } from '../../files/json-file.ts';
import type { ReadWeight } from '../../models/weight-tensor.ts';
import type { TokenizerSource } from '../../tokenizer/tokenizer-source.ts';
import type { WeightPrecision } from '../../weights/model-folder.ts';
import { diffusersVersion, schedulerClass } from '../../weights/write-model-folder.ts';
import { type OnnxPipeline, partsOf } from './pipeline.ts';
import { writeOnnxPart } from './write-part.ts';

export interface OnnxFolder {
  readonly pipeline: OnnxPipeline;
  /** Of a component, as it is. */
  readonly configOf: (component: string) => JsonObject;
  readonly readWeight: ReadWeight;
  /** The content of scheduler_config.json. */
  readonly scheduler: JsonObject;
  /** By the names of their folders. */
  readonly tokenizers: Readonly<Record<string, TokenizerSource>>;
  /** What else model_index.json says. */
  readonly indexEntries: Readonly<Record<string, unknown>>;
  readonly precision: WeightPrecision;
}

/**
 * Writes a folder that Optimum's `ORTDiffusionPipeline.from_pretrained` reads (optimum-onnx 0.1), whole or not at all: a graph for
 * each part, with the names, types and free axes of its own exports.
 *
 * @throws Failure `output-exists`, `write-failed`, `tokenizer-missing`, `scheduler-invalid`, and those of reading weights
 */
export async function writeOnnxPipeline(path: string, folder: OnnxFolder): Promise<void> {
  const { pipeline, precision, tokenizers, scheduler } = folder;
  const parts = partsOf(pipeline);
  const index = {
    _class_name: pipeline.className,
    _diffusers_version: diffusersVersion,
    ...folder.indexEntries,
    scheduler: ['diffusers', schedulerClass(scheduler)],
    ...Object.fromEntries(
      parts.map(({ folder: name, className }) => [
        name,
        ['optimum.onnxruntime.modeling_diffusion', className],
      ]),
    ),
    ...Object.fromEntries(Object.keys(tokenizers).map((name) => [name, ['transformers', 'CLIPTokenizer']])),
  };
  const sorted = Object.fromEntries(Object.entries(index).sort(([a], [b]) => (a < b ? -1 : 1)));
  await writeFolderAtomic(path, async (root) => {
    const writeJson = (file: string, value: object): Promise<void> =>
      writeFileAtomic(join(root, file), `${JSON.stringify(value, null, 2)}\n`);
    await writeJson('model_index.json', sorted);
    for (const part of parts) {
      await mkdir(join(root, part.folder));
      // Optimum asks for it by name.
      const asked = part === pipeline.unet ? { time_cond_proj_dim: null } : {};
      const config = { ...asked, ...folder.configOf(part.component), _class_name: part.className };
      await writeJson(join(part.folder, 'config.json'), config);
      await writeOnnxPart(join(root, part.folder), part, folder.readWeight, precision);
    }
    await mkdir(join(root, 'scheduler'));
    await writeJson(join('scheduler', 'scheduler_config.json'), scheduler);
    for (const [name, tokenizer] of Object.entries(tokenizers)) await tokenizer.write(join(root, name));
  });
}
