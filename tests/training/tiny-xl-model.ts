/** A whole Stable Diffusion XL of some ten thousand weights, made on the spot as `tiny-model.ts` makes the others. */
import { buildAutoencoder, buildTextEncoder } from '../../native/families/stable-diffusion/build.ts';
import { takesAdapter } from '../../native/families/stable-diffusion/lora.ts';
import {
  buildProjectedTextEncoder,
  buildXlDenoiser,
} from '../../native/families/stable-diffusion-xl/build.ts';
import { readXlConfigs } from '../../native/families/stable-diffusion-xl/configs.ts';
import { stableDiffusionXlLayout } from '../../native/families/stable-diffusion-xl/layout.ts';
import { xlLoraLayout } from '../../native/families/stable-diffusion-xl/lora.ts';
import type { JsonObject } from '../../native/files/json-file.ts';
import type { InputParameters } from '../../native/models/model-builder.ts';
import { normals } from '../../native/random/philox.ts';
import { folderTokenizer } from '../../native/tokenizer/tokenizer-source.ts';
import { trainBpe, writeClipTokenizer } from '../../native/tokenizer/train-bpe.ts';
import { drawnWeights } from '../../native/training/initial-weights.ts';
import type { LoraModule } from '../../native/weights/lora-file.ts';
import type { LoraLayout } from '../../native/weights/lora-names.ts';
import type { WeightToWrite } from '../../native/weights/model-folder.ts';
import { writeModelFolder } from '../../native/weights/write-model-folder.ts';
import { tinyConfigs, tinyTexts } from './tiny-model.ts';

const tokens = 16;
const vocabularySize = 600;

export const tinyXlConfigs = {
  unet: {
    _class_name: 'UNet2DConditionModel',
    _diffusers_version: '0.30.0',
    act_fn: 'silu',
    addition_embed_type: 'text_time',
    addition_embed_type_num_heads: 64,
    addition_time_embed_dim: 8,
    attention_head_dim: [1, 2],
    block_out_channels: [16, 32],
    center_input_sample: false,
    cross_attention_dim: 40,
    down_block_types: ['DownBlock2D', 'CrossAttnDownBlock2D'],
    downsample_padding: 1,
    flip_sin_to_cos: true,
    freq_shift: 0,
    in_channels: 4,
    layers_per_block: 1,
    mid_block_scale_factor: 1,
    norm_eps: 1e-5,
    norm_num_groups: 8,
    out_channels: 4,
    projection_class_embeddings_input_dim: 24 + 6 * 8,
    sample_size: 8,
    transformer_layers_per_block: [1, 2],
    up_block_types: ['CrossAttnUpBlock2D', 'UpBlock2D'],
    use_linear_projection: true,
  },
  vae: { ...tinyConfigs.vae, force_upcast: true, scaling_factor: 0.13025 },
  text_encoder: { ...tinyConfigs.text_encoder, eos_token_id: 2, pad_token_id: 1 },
  text_encoder_2: {
    ...tinyConfigs.text_encoder,
    architectures: ['CLIPTextModelWithProjection'],
    eos_token_id: 2,
    hidden_act: 'gelu',
    hidden_size: 24,
    intermediate_size: 48,
    num_hidden_layers: 3,
    pad_token_id: 1,
    projection_dim: 24,
  },
} as const;

export const tinyXlScheduler = {
  _class_name: 'EulerDiscreteScheduler',
  _diffusers_version: '0.30.0',
  beta_end: 0.012,
  beta_schedule: 'scaled_linear',
  beta_start: 0.00085,
  clip_sample: false,
  interpolation_type: 'linear',
  num_train_timesteps: 1000,
  prediction_type: 'epsilon',
  sample_max_value: 1,
  set_alpha_to_one: false,
  skip_prk_steps: true,
  steps_offset: 1,
  timestep_spacing: 'leading',
  trained_betas: null,
  use_karras_sigmas: false,
} as const;

type Name = keyof typeof tinyXlConfigs;

/** Random weights, biases and scales too, so that no term of the model is one that does nothing. */
function weightsOf({ parameters }: InputParameters, widened: boolean): WeightToWrite[] {
  return parameters.map((parameter, i) => {
    const data = drawnWeights(parameter, 1);
    const shift = normals(1, 'initial-weights', 1, i, new Float32Array(data.length));
    const isVector = parameter.shape.length === 1;
    for (let k = 0; k < data.length; k++)
      data[k] = isVector ? data[k]! + 0.1 * shift[k]! : data[k]! * (widened ? 1.8 : 1);
    return { name: parameter.key, shape: parameter.shape, data };
  });
}

export interface TinyXlOptions {
  /** Goes over the configs. */
  readonly changes?: Partial<Record<Name, object>>;
  readonly withoutWeights?: readonly Name[];
}

/** Writes the model as a diffusers folder. */
export async function writeTinyXlModel(
  folder: string,
  { changes = {}, withoutWeights = [] }: TinyXlOptions = {},
): Promise<void> {
  const configs = Object.fromEntries(
    Object.entries(tinyXlConfigs).map(([name, config]) => [name, { ...config, ...changes[name as Name] }]),
  ) as unknown as Record<Name, JsonObject>;
  const vocabulary = trainBpe(tinyTexts, vocabularySize);
  await writeClipTokenizer(`${folder}-tokenizer`, vocabulary, tokens);
  await writeClipTokenizer(`${folder}-tokenizer-2`, vocabulary, tokens, '!');
  const read = readXlConfigs((name) => ({ source: name, config: configs[name as Name] }));
  const weights: Record<Name, WeightToWrite[]> = {
    unet: weightsOf(buildXlDenoiser(read.unet), false),
    vae: weightsOf(buildAutoencoder(read.vae), true),
    text_encoder: weightsOf(buildTextEncoder(read.text), false),
    text_encoder_2: weightsOf(buildProjectedTextEncoder(read.projected), false),
  };
  await writeModelFolder(folder, {
    layout: stableDiffusionXlLayout,
    components: Object.fromEntries(
      (Object.keys(configs) as Name[]).map((name) => [
        name,
        { config: configs[name], weights: withoutWeights.includes(name) ? null : weights[name] },
      ]),
    ),
    scheduler: tinyXlScheduler,
    tokenizers: {
      tokenizer: folderTokenizer(`${folder}-tokenizer`),
      tokenizer_2: folderTokenizer(`${folder}-tokenizer-2`),
    },
    precision: 'float32',
  });
}

/** How files name the modules of the tiny model. */
export const tinyXlLoraLayout: LoraLayout = xlLoraLayout(
  readXlConfigs((name) => ({ source: name, config: tinyXlConfigs[name as Name] })),
);

/** A LoRA on every module that takes one, strong enough to change pictures. */
export function tinyXlLora(rank = 2, alpha = 3): LoraModule[] {
  const read = readXlConfigs((name) => ({ source: name, config: tinyXlConfigs[name as Name] }));
  const models = {
    unet: buildXlDenoiser(read.unet),
    text_encoder: buildTextEncoder(read.text),
    text_encoder_2: buildProjectedTextEncoder(read.projected),
  };
  return Object.entries(models).flatMap(([component, { parameters }]) =>
    parameters.flatMap(({ key, shape }, i): LoraModule[] => {
      const module = key.replace(/\.weight$/, '');
      if (shape.length < 2 || !takesAdapter(component, module)) return [];
      const [rows, columns] = shape as [number, number];
      const part = (index: number, length: number): Float32Array<ArrayBuffer> =>
        normals(5, 'initial-weights', index, i, new Float32Array(length)).map((value) => value * 0.2);
      return [
        {
          ...{ component, module, rank, alpha, kernel: [] },
          down: part(0, rank * columns),
          up: part(1, rows * rank),
        },
      ];
    }),
  );
}
