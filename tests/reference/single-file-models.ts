/**
 * Writes a tiny Stable Diffusion of each generation with CLIP's own vocabulary, as a folder and as one file, for
 * single_file.py: `node tests/reference/single-file-models.ts <folder>`. The tests make the same files again.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { openModel } from '../../native/families/open-model.ts';
import {
  buildAutoencoder,
  buildDenoiser,
  buildTextEncoder,
} from '../../native/families/stable-diffusion/build.ts';
import { stableDiffusionLayout } from '../../native/families/stable-diffusion/layout.ts';
import type { Generation } from '../../native/families/stable-diffusion/single-file/made-out.ts';
import { readAutoencoderConfig } from '../../native/models/autoencoder.ts';
import { readClipTextConfig } from '../../native/models/clip-text.ts';
import type { InputParameters } from '../../native/models/model-builder.ts';
import { readUNetConfig } from '../../native/models/unet.ts';
import { normals } from '../../native/random/philox.ts';
import { publishedClip } from '../../native/tokenizer/tokenizer-source.ts';
import { drawnWeights } from '../../native/training/initial-weights.ts';
import type { WeightToWrite } from '../../native/weights/model-folder.ts';
import { writeModelFolder } from '../../native/weights/write-model-folder.ts';

const width = 64;

function configsOf(generation: Generation) {
  const second = generation === 2;
  return {
    unet: {
      _class_name: 'UNet2DConditionModel',
      attention_head_dim: second ? [1, 1] : 8,
      block_out_channels: [32, 64],
      cross_attention_dim: width,
      down_block_types: ['CrossAttnDownBlock2D', 'DownBlock2D'],
      layers_per_block: 2,
      norm_num_groups: 32,
      sample_size: second ? 96 : 64,
      up_block_types: ['UpBlock2D', 'CrossAttnUpBlock2D'],
      use_linear_projection: second,
    },
    vae: {
      _class_name: 'AutoencoderKL',
      block_out_channels: [32, 32, 64, 64],
      down_block_types: Array.from({ length: 4 }, () => 'DownEncoderBlock2D'),
      layers_per_block: 1,
      norm_num_groups: 32,
      sample_size: second ? 768 : 512,
      scaling_factor: 0.182_15,
      up_block_types: Array.from({ length: 4 }, () => 'UpDecoderBlock2D'),
    },
    text_encoder: {
      architectures: ['CLIPTextModel'],
      bos_token_id: 0,
      eos_token_id: 2,
      hidden_act: second ? 'gelu' : 'quick_gelu',
      hidden_size: width,
      intermediate_size: 96,
      max_position_embeddings: 77,
      model_type: 'clip_text_model',
      num_attention_heads: 1,
      num_hidden_layers: 2,
      pad_token_id: 1,
      vocab_size: 49_408,
    },
  };
}

/** Random weights, biases and scales too; those of the VAE wider, since its pictures would all be grey. */
export function weightsOf(model: InputParameters, scale: number): WeightToWrite[] {
  return model.parameters.map((parameter, i) => {
    const data = drawnWeights(parameter, 1);
    const shift = normals(1, 'initial-weights', 1, i, new Float32Array(data.length));
    const isVector = parameter.shape.length === 1;
    for (let k = 0; k < data.length; k++) data[k] = isVector ? data[k]! + 0.1 * shift[k]! : data[k]! * scale;
    return { name: parameter.key, shape: parameter.shape, data };
  });
}

/** Writes `sd<generation>/` and, by opening that, `sd<generation>.safetensors`. */
export async function writeSingleFileModel(folder: string, generation: Generation): Promise<void> {
  const configs = configsOf(generation);
  const path = join(folder, `sd${generation}`);
  await writeModelFolder(path, {
    layout: stableDiffusionLayout,
    components: {
      unet: { config: configs.unet, weights: weightsOf(buildDenoiser(readUNetConfig(configs.unet)), 1) },
      vae: {
        config: configs.vae,
        weights: weightsOf(buildAutoencoder(readAutoencoderConfig(configs.vae)), 1.8),
      },
      text_encoder: {
        config: configs.text_encoder,
        weights: weightsOf(buildTextEncoder(readClipTextConfig(configs.text_encoder)), 1),
      },
    },
    scheduler: {
      _class_name: 'PNDMScheduler',
      beta_end: 0.012,
      beta_schedule: 'scaled_linear',
      beta_start: 0.000_85,
      clip_sample: false,
      num_train_timesteps: 1000,
      prediction_type: generation === 1 ? 'epsilon' : 'v_prediction',
      set_alpha_to_one: false,
      skip_prk_steps: true,
      steps_offset: 1,
    },
    tokenizers: { tokenizer: publishedClip(77, generation === 1 ? '<|endoftext|>' : '!') },
    precision: 'float32',
  });
  const model = await openModel({ base: path });
  try {
    await model.saveFile(`${path}.safetensors`, 'float32', {});
  } finally {
    await model.close();
  }
}

/** SHA-256 of a file: the reference picture was made with these very bytes. */
export async function fileHash(path: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
}

if (process.argv[1] === import.meta.filename && process.argv[2] !== undefined) {
  const folder = resolve(process.argv[2]);
  for (const generation of [1, 2] as const) {
    await writeSingleFileModel(folder, generation);
    console.log(await fileHash(join(folder, `sd${generation}.safetensors`)));
  }
}
