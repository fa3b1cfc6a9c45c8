/** What the names and shapes of a single file's tensors say: the configs that diffusers would have written for the model. */
import type { JsonObject } from '../../../files/json-file.ts';
import type { TensorInfo } from '../../../weights/tensor-file.ts';
import type { UNetPlan } from './ldm-names.ts';

export type Tensors = ReadonlyMap<string, TensorInfo>;

/** The first or the second Stable Diffusion: they read texts by CLIP or by OpenCLIP. */
export type Generation = 1 | 2;

export const unetPrefix = 'model.diffusion_model.';
export const vaePrefix = 'first_stage_model.';
export const clipPrefix = 'cond_stage_model.transformer.';
export const openClipPrefix = 'cond_stage_model.model.';

/** Of a hostile file: no model has more blocks in a row. */
const mostBlocks = 64;

const groups = 32;

/** A part of a model, as far as its shapes say; null where they say nothing of it. */
export interface MadeOutUNet {
  readonly config: JsonObject;
  readonly plan: UNetPlan;
}

const extent = (tensors: Tensors, name: string, axis: number): number | undefined =>
  tensors.get(name)?.shape[axis];

/** Channels to a head: what OpenCLIP and the second generation's UNet have throughout. */
const headSize = 64;
const headsOf = (channels: number): number => Math.max(1, Math.floor(channels / headSize));

interface Level {
  readonly channels: number;
  readonly blocks: number;
  readonly crossAttention: boolean;
}

/** The levels of the UNet's way down: a downsampler ends each but the last. */
function levelsOf(tensors: Tensors): readonly Level[] {
  const levels: Level[] = [];
  let blocks = 0;
  for (let n = 1; n < mostBlocks; n++) {
    const block = `${unetPrefix}input_blocks.${n}`;
    if (tensors.has(`${block}.0.op.weight`)) {
      blocks = 0;
      continue;
    }
    const channels = extent(tensors, `${block}.0.out_layers.3.weight`, 0);
    if (channels === undefined) break;
    const crossAttention = tensors.has(`${block}.1.proj_in.weight`);
    blocks += 1;
    if (blocks > 1) levels.pop();
    levels.push({ channels, blocks, crossAttention });
  }
  return levels;
}

/** @param sampleSize edge of the latents it was made for */
export function madeOutUNet(tensors: Tensors, generation: Generation, sampleSize: number): MadeOutUNet {
  const levels = levelsOf(tensors);
  const channels = levels.map((level) => level.channels);
  const crossAttention = levels.map((level) => level.crossAttention);
  const layersPerBlock = levels[0]?.blocks ?? 1;
  const types = (name: (attends: boolean) => string): string[] => crossAttention.map(name);
  const attention = levels.findIndex((level) => level.crossAttention);
  const firstAttention =
    attention === -1 ? 'middle_block.1' : `input_blocks.${attention * (layersPerBlock + 1) + 1}.1`;
  const transformer = `${unetPrefix}${firstAttention}`;
  const config = {
    _class_name: 'UNet2DConditionModel',
    act_fn: 'silu',
    // diffusers' own misnomer, kept for compatibility: this field holds the number of heads.
    attention_head_dim: generation === 1 ? 8 : channels.map(headsOf),
    block_out_channels: channels,
    center_input_sample: false,
    cross_attention_dim: extent(tensors, `${transformer}.transformer_blocks.0.attn2.to_k.weight`, 1) ?? 768,
    down_block_types: types((attends) => (attends ? 'CrossAttnDownBlock2D' : 'DownBlock2D')),
    downsample_padding: 1,
    flip_sin_to_cos: true,
    freq_shift: 0,
    in_channels: extent(tensors, `${unetPrefix}input_blocks.0.0.weight`, 1) ?? 4,
    layers_per_block: layersPerBlock,
    mid_block_scale_factor: 1,
    norm_eps: 1e-5,
    norm_num_groups: groups,
    out_channels: extent(tensors, `${unetPrefix}out.2.weight`, 0) ?? 4,
    sample_size: sampleSize,
    up_block_types: types((attends) => (attends ? 'CrossAttnUpBlock2D' : 'UpBlock2D')).reverse(),
    use_linear_projection: tensors.get(`${transformer}.proj_in.weight`)?.shape.length === 2,
  };
  return { config, plan: { layersPerBlock, crossAttention } };
}

/** @param prefix what its names begin with; @param sampleSize edge of the pictures it was made for */
export function madeOutVae(
  tensors: Tensors,
  prefix: string,
  sampleSize: number,
  scalingFactor: number,
): JsonObject {
  const channels: number[] = [];
  let layers = 0;
  for (let level = 0; level < mostBlocks; level++) {
    const block = `${prefix}encoder.down.${level}.block`;
    const out = extent(tensors, `${block}.0.conv2.weight`, 0);
    if (out === undefined) break;
    channels.push(out);
    for (layers = 1; tensors.has(`${block}.${layers}.conv2.weight`) && layers < mostBlocks;) layers++;
  }
  return {
    _class_name: 'AutoencoderKL',
    act_fn: 'silu',
    block_out_channels: channels,
    down_block_types: channels.map(() => 'DownEncoderBlock2D'),
    in_channels: extent(tensors, `${prefix}encoder.conv_in.weight`, 1) ?? 3,
    latent_channels: extent(tensors, `${prefix}decoder.conv_in.weight`, 1) ?? 4,
    layers_per_block: layers,
    norm_num_groups: groups,
    out_channels: extent(tensors, `${prefix}decoder.conv_out.weight`, 0) ?? 3,
    sample_size: sampleSize,
    scaling_factor: scalingFactor,
    up_block_types: channels.map(() => 'UpDecoderBlock2D'),
    use_post_quant_conv: tensors.has(`${prefix}post_quant_conv.weight`),
    use_quant_conv: tensors.has(`${prefix}quant_conv.weight`),
  };
}

const textConfig = {
  architectures: ['CLIPTextModel'],
  attention_dropout: 0,
  initializer_factor: 1,
  initializer_range: 0.02,
  layer_norm_eps: 1e-5,
  model_type: 'clip_text_model',
};

/** Layers in a row; `name` says what a layer has. */
function countLayers(tensors: Tensors, name: (layer: number) => string): number {
  let layers = 0;
  while (layers < 1024 && tensors.has(name(layers))) layers++;
  return layers;
}

/** Of CLIP, in the names of transformers. */
export function madeOutClip(tensors: Tensors, prefix: string): JsonObject {
  const table = `${prefix}embeddings.token_embedding.weight`;
  const hidden = extent(tensors, table, 1) ?? 768;
  return {
    ...textConfig,
    bos_token_id: 0,
    eos_token_id: 2,
    hidden_act: 'quick_gelu',
    hidden_size: hidden,
    intermediate_size: extent(tensors, `${prefix}encoder.layers.0.mlp.fc1.weight`, 0) ?? hidden * 4,
    max_position_embeddings: extent(tensors, `${prefix}embeddings.position_embedding.weight`, 0) ?? 77,
    num_attention_heads: headsOf(hidden),
    num_hidden_layers: countLayers(
      tensors,
      (layer) => `${prefix}encoder.layers.${layer}.self_attn.q_proj.weight`,
    ),
    pad_token_id: 1,
    projection_dim: hidden,
    vocab_size: extent(tensors, table, 0) ?? 49_408,
  };
}

/** The published OpenCLIP has a layer more than Stable Diffusion 2.x reads; files that were written again may lack it. */
const openClip = { width: 1024, layersRead: 23 };

/** The published OpenCLIP's layer that is not read. */
export const unreadLayer = `${openClipPrefix}transformer.resblocks.${openClip.layersRead}.`;

/** Of OpenCLIP, in the names of its own code. */
export function madeOutOpenClip(tensors: Tensors, prefix: string): JsonObject {
  const table = `${prefix}token_embedding.weight`;
  const hidden = extent(tensors, table, 1) ?? 1024;
  const block = `${prefix}transformer.resblocks`;
  const layers = countLayers(tensors, (layer) => `${block}.${layer}.attn.in_proj_weight`);
  return {
    ...textConfig,
    bos_token_id: 0,
    eos_token_id: 2,
    hidden_act: 'gelu',
    hidden_size: hidden,
    intermediate_size: extent(tensors, `${block}.0.mlp.c_fc.weight`, 0) ?? hidden * 4,
    max_position_embeddings: extent(tensors, `${prefix}positional_embedding`, 0) ?? 77,
    num_attention_heads: headsOf(hidden),
    num_hidden_layers: hidden === openClip.width ? Math.min(layers, openClip.layersRead) : layers,
    pad_token_id: 1,
    projection_dim: hidden,
    vocab_size: extent(tensors, table, 0) ?? 49_408,
  };
}
