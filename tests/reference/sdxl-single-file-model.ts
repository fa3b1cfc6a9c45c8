/**
 * Writes a tiny Stable Diffusion XL with CLIP's own vocabulary, as a folder and as one file, for sdxl_single_file.py:
 * `node tests/reference/sdxl-single-file-model.ts <folder>`. The test makes the same files again.
 */
import { join, resolve } from 'node:path';

import { openModel } from '../../native/families/open-model.ts';
import { buildAutoencoder, buildTextEncoder } from '../../native/families/stable-diffusion/build.ts';
import {
  buildProjectedTextEncoder,
  buildXlDenoiser,
} from '../../native/families/stable-diffusion-xl/build.ts';
import { readXlConfigs } from '../../native/families/stable-diffusion-xl/configs.ts';
import { stableDiffusionXlLayout } from '../../native/families/stable-diffusion-xl/layout.ts';
import type { JsonObject } from '../../native/files/json-file.ts';
import { publishedClip } from '../../native/tokenizer/tokenizer-source.ts';
import { writeModelFolder } from '../../native/weights/write-model-folder.ts';
import { tinyXlScheduler } from '../training/tiny-xl-model.ts';
import { fileHash, weightsOf } from './single-file-models.ts';

const [first, second] = [64, 128];

const text = {
  bos_token_id: 0,
  eos_token_id: 2,
  max_position_embeddings: 77,
  model_type: 'clip_text_model',
  pad_token_id: 1,
  vocab_size: 49_408,
};

const configs: Readonly<Record<string, JsonObject>> = {
  unet: {
    _class_name: 'UNet2DConditionModel',
    addition_embed_type: 'text_time',
    addition_time_embed_dim: 32,
    attention_head_dim: [1, 1, 2],
    block_out_channels: [32, 64, 128],
    cross_attention_dim: first + second,
    down_block_types: ['DownBlock2D', 'CrossAttnDownBlock2D', 'CrossAttnDownBlock2D'],
    layers_per_block: 1,
    norm_num_groups: 32,
    projection_class_embeddings_input_dim: second + 6 * 32,
    sample_size: 128,
    transformer_layers_per_block: [1, 1, 2],
    up_block_types: ['CrossAttnUpBlock2D', 'CrossAttnUpBlock2D', 'UpBlock2D'],
    use_linear_projection: true,
  },
  vae: {
    _class_name: 'AutoencoderKL',
    block_out_channels: [32, 32, 64, 64],
    down_block_types: Array.from({ length: 4 }, () => 'DownEncoderBlock2D'),
    force_upcast: true,
    layers_per_block: 1,
    norm_num_groups: 32,
    sample_size: 1024,
    scaling_factor: 0.130_25,
    up_block_types: Array.from({ length: 4 }, () => 'UpDecoderBlock2D'),
  },
  text_encoder: {
    ...text,
    architectures: ['CLIPTextModel'],
    hidden_act: 'quick_gelu',
    hidden_size: first,
    intermediate_size: 96,
    num_attention_heads: 1,
    num_hidden_layers: 2,
  },
  text_encoder_2: {
    ...text,
    architectures: ['CLIPTextModelWithProjection'],
    hidden_act: 'gelu',
    hidden_size: second,
    intermediate_size: 160,
    num_attention_heads: 2,
    num_hidden_layers: 2,
    projection_dim: second,
  },
};

/** Writes `sdxl/` and, by opening that, `sdxl.safetensors`. */
export async function writeXlSingleFileModel(folder: string): Promise<void> {
  const path = join(folder, 'sdxl');
  const read = readXlConfigs((name) => ({ source: name, config: configs[name]! }));
  const part = (name: string, model: Parameters<typeof weightsOf>[0], scale = 1) => ({
    [name]: { config: configs[name]!, weights: weightsOf(model, scale) },
  });
  await writeModelFolder(path, {
    layout: stableDiffusionXlLayout,
    components: {
      ...part('unet', buildXlDenoiser(read.unet)),
      ...part('vae', buildAutoencoder(read.vae), 1.8),
      ...part('text_encoder', buildTextEncoder(read.text)),
      ...part('text_encoder_2', buildProjectedTextEncoder(read.projected)),
    },
    scheduler: tinyXlScheduler,
    tokenizers: {
      tokenizer: publishedClip(77, '<|endoftext|>'),
      tokenizer_2: publishedClip(77, '!'),
    },
    precision: 'float32',
  });
  const model = await openModel({ base: path });
  try {
    await model.saveFile(`${path}.safetensors`, 'float32', {});
  } finally {
    await model.close();
  }
}

if (process.argv[1] === import.meta.filename && process.argv[2] !== undefined) {
  const folder = resolve(process.argv[2]);
  await writeXlSingleFileModel(folder);
  console.log(await fileHash(join(folder, 'sdxl.safetensors')));
}
