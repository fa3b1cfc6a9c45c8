/**
 * Whole Stable Diffusions of some ten thousand weights, written without any of Screenfold's own code, so that nothing that
 * changes there can change what runs begin with. Everything is a function of names and numbers.
 */
import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

type Shapes = Map<string, readonly number[]>;
type Component = 'unet' | 'vae' | 'text_encoder';

export interface TinyModelOptions {
  /** As Stable Diffusion 1.x (the default) or 2.x: linear projections, GELU and v-prediction. */
  readonly family?: 'sd1' | 'sd2';
  /** Components that get a config and no weights. */
  readonly withoutWeights?: readonly Component[];
}

const tokens = 16;
const width = 16;
const unetChannels = [32, 64] as const;
const vaeChannels = [8, 16, 16] as const;
const latentChannels = 4;

/** Words that become single tokens; what is not among them is spelt in letters. */
const words = ['a', 'red', 'green', 'square', 'circle', 'on', 'blue', 'stripe', 'two', 'dots', 'again'];

/** Writes the model as a diffusers folder. */
export async function writeTinyModel(
  folder: string,
  { family = 'sd1', withoutWeights = [] }: TinyModelOptions = {},
): Promise<void> {
  const vocabulary = await writeTokenizer(path.join(folder, 'tokenizer'));
  const configs = { unet: unetConfig(family), vae: vaeConfig, text_encoder: textConfig(family, vocabulary) };
  const shapes = { unet: unetShapes(family), vae: vaeShapes(), text_encoder: textShapes(vocabulary) };
  for (const name of ['unet', 'vae', 'text_encoder'] as const) {
    await writeJson(path.join(folder, name, 'config.json'), configs[name]);
    if (withoutWeights.includes(name)) continue;
    const file = name === 'text_encoder' ? 'model.safetensors' : 'diffusion_pytorch_model.safetensors';
    await writeFile(path.join(folder, name, file), safetensors(shapes[name], `${family} ${name}`));
  }
  await writeJson(path.join(folder, 'scheduler', 'scheduler_config.json'), {
    _class_name: 'DDIMScheduler',
    _diffusers_version: '0.30.0',
    beta_end: 0.012,
    beta_schedule: 'scaled_linear',
    beta_start: 0.00085,
    clip_sample: false,
    num_train_timesteps: 1000,
    prediction_type: family === 'sd1' ? 'epsilon' : 'v_prediction',
    set_alpha_to_one: false,
    steps_offset: 1,
    timestep_spacing: 'leading',
  });
  await writeJson(path.join(folder, 'model_index.json'), {
    _class_name: 'StableDiffusionPipeline',
    _diffusers_version: '0.30.0',
    feature_extractor: [null, null],
    requires_safety_checker: false,
    safety_checker: [null, null],
    scheduler: ['diffusers', 'DDIMScheduler'],
    text_encoder: ['transformers', 'CLIPTextModel'],
    tokenizer: ['transformers', 'CLIPTokenizer'],
    unet: ['diffusers', 'UNet2DConditionModel'],
    vae: ['diffusers', 'AutoencoderKL'],
  });
}

const unetConfig = (family: 'sd1' | 'sd2') => ({
  _class_name: 'UNet2DConditionModel',
  _diffusers_version: '0.30.0',
  act_fn: 'silu',
  attention_head_dim: family === 'sd1' ? 2 : [2, 4],
  block_out_channels: unetChannels,
  center_input_sample: false,
  cross_attention_dim: width,
  down_block_types: ['CrossAttnDownBlock2D', 'DownBlock2D'],
  downsample_padding: 1,
  flip_sin_to_cos: true,
  freq_shift: 0,
  in_channels: latentChannels,
  layers_per_block: 1,
  mid_block_scale_factor: 1,
  norm_eps: 1e-5,
  norm_num_groups: 8,
  out_channels: latentChannels,
  sample_size: 8,
  up_block_types: ['UpBlock2D', 'CrossAttnUpBlock2D'],
  ...(family === 'sd2' && { use_linear_projection: true }),
});

const vaeConfig = {
  _class_name: 'AutoencoderKL',
  _diffusers_version: '0.30.0',
  act_fn: 'silu',
  block_out_channels: vaeChannels,
  down_block_types: vaeChannels.map(() => 'DownEncoderBlock2D'),
  in_channels: 3,
  latent_channels: latentChannels,
  layers_per_block: 1,
  norm_num_groups: 8,
  out_channels: 3,
  sample_size: 32,
  scaling_factor: 0.5,
  up_block_types: vaeChannels.map(() => 'UpDecoderBlock2D'),
};

const textConfig = (family: 'sd1' | 'sd2', vocabulary: number) => ({
  architectures: ['CLIPTextModel'],
  bos_token_id: vocabulary - 2,
  eos_token_id: vocabulary - 1,
  hidden_act: family === 'sd1' ? 'quick_gelu' : 'gelu',
  hidden_size: width,
  intermediate_size: 32,
  layer_norm_eps: 1e-5,
  max_position_embeddings: tokens,
  model_type: 'clip_text_model',
  num_attention_heads: 2,
  num_hidden_layers: 2,
  pad_token_id: vocabulary - 1,
  projection_dim: width,
  vocab_size: vocabulary,
});

// Names and shapes as diffusers and transformers have them.

function linear(shapes: Shapes, name: string, from: number, to: number, bias = true): void {
  shapes.set(`${name}.weight`, [to, from]);
  if (bias) shapes.set(`${name}.bias`, [to]);
}

function conv(shapes: Shapes, name: string, from: number, to: number, kernel = 3): void {
  shapes.set(`${name}.weight`, [to, from, kernel, kernel]);
  shapes.set(`${name}.bias`, [to]);
}

function norm(shapes: Shapes, name: string, channels: number): void {
  shapes.set(`${name}.weight`, [channels]);
  shapes.set(`${name}.bias`, [channels]);
}

function resnet(shapes: Shapes, name: string, from: number, to: number, embedding = 0): void {
  norm(shapes, `${name}.norm1`, from);
  conv(shapes, `${name}.conv1`, from, to);
  if (embedding > 0) linear(shapes, `${name}.time_emb_proj`, embedding, to);
  norm(shapes, `${name}.norm2`, to);
  conv(shapes, `${name}.conv2`, to, to);
  if (from !== to) conv(shapes, `${name}.conv_shortcut`, from, to, 1);
}

function transformer(shapes: Shapes, name: string, channels: number, family: 'sd1' | 'sd2'): void {
  const project = (part: string): void => {
    if (family === 'sd1') conv(shapes, `${name}.${part}`, channels, channels, 1);
    else linear(shapes, `${name}.${part}`, channels, channels);
  };
  const block = `${name}.transformer_blocks.0`;
  norm(shapes, `${name}.norm`, channels);
  project('proj_in');
  for (const part of ['norm1', 'norm2', 'norm3']) norm(shapes, `${block}.${part}`, channels);
  for (const [part, context] of [
    ['attn1', channels],
    ['attn2', width],
  ] as const) {
    linear(shapes, `${block}.${part}.to_q`, channels, channels, false);
    linear(shapes, `${block}.${part}.to_k`, context, channels, false);
    linear(shapes, `${block}.${part}.to_v`, context, channels, false);
    linear(shapes, `${block}.${part}.to_out.0`, channels, channels);
  }
  linear(shapes, `${block}.ff.net.0.proj`, channels, 8 * channels);
  linear(shapes, `${block}.ff.net.2`, 4 * channels, channels);
  project('proj_out');
}

function unetShapes(family: 'sd1' | 'sd2'): Shapes {
  const shapes: Shapes = new Map();
  const [few, many] = unetChannels;
  const embedding = 4 * few;
  conv(shapes, 'conv_in', latentChannels, few);
  linear(shapes, 'time_embedding.linear_1', few, embedding);
  linear(shapes, 'time_embedding.linear_2', embedding, embedding);
  resnet(shapes, 'down_blocks.0.resnets.0', few, few, embedding);
  transformer(shapes, 'down_blocks.0.attentions.0', few, family);
  conv(shapes, 'down_blocks.0.downsamplers.0.conv', few, few);
  resnet(shapes, 'down_blocks.1.resnets.0', few, many, embedding);
  resnet(shapes, 'mid_block.resnets.0', many, many, embedding);
  transformer(shapes, 'mid_block.attentions.0', many, family);
  resnet(shapes, 'mid_block.resnets.1', many, many, embedding);
  resnet(shapes, 'up_blocks.0.resnets.0', many + many, many, embedding);
  resnet(shapes, 'up_blocks.0.resnets.1', many + few, many, embedding);
  conv(shapes, 'up_blocks.0.upsamplers.0.conv', many, many);
  resnet(shapes, 'up_blocks.1.resnets.0', many + few, few, embedding);
  transformer(shapes, 'up_blocks.1.attentions.0', few, family);
  resnet(shapes, 'up_blocks.1.resnets.1', few + few, few, embedding);
  transformer(shapes, 'up_blocks.1.attentions.1', few, family);
  norm(shapes, 'conv_norm_out', few);
  conv(shapes, 'conv_out', few, latentChannels);
  return shapes;
}

function vaeShapes(): Shapes {
  const shapes: Shapes = new Map();
  const last = vaeChannels.at(-1)!;
  const middle = (name: string): void => {
    resnet(shapes, `${name}.resnets.0`, last, last);
    norm(shapes, `${name}.attentions.0.group_norm`, last);
    for (const part of ['to_q', 'to_k', 'to_v', 'to_out.0'])
      linear(shapes, `${name}.attentions.0.${part}`, last, last);
    resnet(shapes, `${name}.resnets.1`, last, last);
  };
  conv(shapes, 'encoder.conv_in', 3, vaeChannels[0]);
  let channels: number = vaeChannels[0];
  for (const [i, to] of vaeChannels.entries()) {
    resnet(shapes, `encoder.down_blocks.${i}.resnets.0`, channels, to);
    if (i < vaeChannels.length - 1) conv(shapes, `encoder.down_blocks.${i}.downsamplers.0.conv`, to, to);
    channels = to;
  }
  middle('encoder.mid_block');
  norm(shapes, 'encoder.conv_norm_out', last);
  conv(shapes, 'encoder.conv_out', last, 2 * latentChannels);
  conv(shapes, 'quant_conv', 2 * latentChannels, 2 * latentChannels, 1);
  conv(shapes, 'post_quant_conv', latentChannels, latentChannels, 1);
  conv(shapes, 'decoder.conv_in', latentChannels, last);
  middle('decoder.mid_block');
  for (const [i, to] of vaeChannels.toReversed().entries()) {
    resnet(shapes, `decoder.up_blocks.${i}.resnets.0`, channels, to);
    resnet(shapes, `decoder.up_blocks.${i}.resnets.1`, to, to);
    if (i < vaeChannels.length - 1) conv(shapes, `decoder.up_blocks.${i}.upsamplers.0.conv`, to, to);
    channels = to;
  }
  norm(shapes, 'decoder.conv_norm_out', channels);
  conv(shapes, 'decoder.conv_out', channels, 3);
  return shapes;
}

function textShapes(vocabulary: number): Shapes {
  const shapes: Shapes = new Map();
  shapes.set('text_model.embeddings.token_embedding.weight', [vocabulary, width]);
  shapes.set('text_model.embeddings.position_embedding.weight', [tokens, width]);
  for (const layer of [0, 1]) {
    const name = `text_model.encoder.layers.${layer}`;
    for (const part of ['q_proj', 'k_proj', 'v_proj', 'out_proj'])
      linear(shapes, `${name}.self_attn.${part}`, width, width);
    norm(shapes, `${name}.layer_norm1`, width);
    norm(shapes, `${name}.layer_norm2`, width);
    linear(shapes, `${name}.mlp.fc1`, width, 32);
    linear(shapes, `${name}.mlp.fc2`, 32, width);
  }
  norm(shapes, 'text_model.final_layer_norm', width);
  return shapes;
}

/** A generator of numbers in [-1, 1), by integers alone (Mulberry32), so that all machines have the same. */
function uniform(name: string): () => number {
  let state = createHash('sha256').update(name).digest().readUInt32LE();
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 31 - 1;
  };
}

/** Random weights, biases and scales too, so that no term of the model is one that does nothing. */
function weights(name: string, shape: readonly number[]): Float32Array {
  const draw = uniform(name);
  const size = shape.reduce((product, extent) => product * extent, 1);
  const [middle, reach] =
    shape.length === 1
      ? [/norm[^.]*\.weight$/.test(name) ? 1 : 0, 0.15]
      : // Wider than PyTorch's defaults in the VAE: its pictures would all be grey.
        [0, (name.includes('vae') ? 1.8 : 1) / Math.sqrt(size / shape[0]!)];
  return Float32Array.from({ length: size }, () => middle + reach * draw());
}

function safetensors(shapes: Shapes, seed: string): Buffer {
  let offset = 0;
  const header: Record<string, unknown> = { __metadata__: { format: 'pt' } };
  const arrays = [...shapes].map(([name, shape]) => {
    const array = weights(`${seed} ${name}`, shape);
    header[name] = { dtype: 'F32', shape, data_offsets: [offset, (offset += array.byteLength)] };
    return Buffer.from(array.buffer);
  });
  const text = JSON.stringify(header);
  const padded = Buffer.from(text.padEnd(Math.ceil(text.length / 8) * 8));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(padded.length));
  return Buffer.concat([length, padded, ...arrays]);
}

/** Writes a tokenizer folder and says how many tokens it has. */
async function writeTokenizer(folder: string): Promise<number> {
  const letters = byteLetters();
  const vocabulary = new Set([...letters, ...letters.map((letter) => `${letter}</w>`)]);
  const merges = new Set<string>();
  for (const word of words) {
    const symbols = Array.from(word, (letter, i) => (i < word.length - 1 ? letter : `${letter}</w>`));
    for (let [left, i] = [symbols[0]!, 1]; i < symbols.length; left += symbols[i]!, i++) {
      merges.add(`${left} ${symbols[i]!}`);
      vocabulary.add(left + symbols[i]!);
    }
  }
  const special = {
    bos_token: '<|startoftext|>',
    eos_token: '<|endoftext|>',
    pad_token: '<|endoftext|>',
    unk_token: '<|endoftext|>',
  };
  const all = [...vocabulary, special.bos_token, special.eos_token];
  await writeJson(path.join(folder, 'vocab.json'), Object.fromEntries(all.map((token, id) => [token, id])));
  await writeFile(path.join(folder, 'merges.txt'), ['#version: 0.2', ...merges, ''].join('\n'));
  await writeJson(path.join(folder, 'special_tokens_map.json'), special);
  await writeJson(path.join(folder, 'tokenizer_config.json'), {
    add_prefix_space: false,
    ...special,
    do_lower_case: true,
    errors: 'replace',
    model_max_length: tokens,
    tokenizer_class: 'CLIPTokenizer',
  });
  return all.length;
}

/** The letters that GPT-2's tokenizer writes the 256 bytes as. */
function byteLetters(): string[] {
  const range = (from: number, to: number): number[] =>
    Array.from({ length: to - from + 1 }, (_, i) => from + i);
  const shown = [...range(33, 126), ...range(161, 172), ...range(174, 255)];
  const hidden = range(0, 255).filter((byte) => !shown.includes(byte));
  return [...shown, ...hidden.map((_, i) => 256 + i)].map((code) => String.fromCharCode(code));
}

async function writeJson(file: string, content: object): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, `${JSON.stringify(content, null, 2)}\n`);
}
