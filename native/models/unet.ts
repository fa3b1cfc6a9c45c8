import type { Value } from '../graph/graph.ts';
import { add, cos, mul, sin } from '../graph/ops/elementwise.ts';
import { concat, reshape } from '../graph/ops/shape.ts';
import { silu } from './activations.ts';
import { ConfigReader } from './config.ts';
import { conv2d, groupNorm, linear } from './layers.ts';
import { inModule, type ModelBuilder } from './model-builder.ts';
import { resnetBlock, type ResnetOptions, upsampleBlock } from './resnet-block.ts';
import { transformer2d, type TransformerOptions } from './transformer-block.ts';

export interface UNetConfig {
  /** Edge of the square latents the model was made for. */
  readonly sampleSize: number;
  readonly inChannels: number;
  readonly outChannels: number;
  readonly blockOutChannels: readonly number[];
  readonly layersPerBlock: number;
  /** Whether the down block of each level has transformers; the up blocks mirror it. */
  readonly crossAttention: readonly boolean[];
  readonly heads: readonly number[];
  readonly crossAttentionDim: number;
  readonly groups: number;
  readonly epsilon: number;
  readonly linearProjection: boolean;
  /** Blocks in each transformer of a level; the middle has those of the last. */
  readonly transformerLayers: readonly number[];
  /** What else the UNet is told, which Stable Diffusion XL's is; null for the others. */
  readonly addition: UNetAddition | null;
  readonly flipSinToCos: boolean;
  readonly freqShift: number;
}

/** A text as a whole, and numbers about a picture, each embedded as a timestep is: `text_time` in diffusers' configs. */
export interface UNetAddition {
  /** Numbers that a text comes to. */
  readonly textSize: number;
  /** How many numbers there are about a picture, and what each is embedded in. */
  readonly facts: number;
  readonly factSize: number;
}

/** Height and width of the image, top and left of the crop, height and width of the picture. */
const factsOfPicture = 6;

const downBlocks = ['CrossAttnDownBlock2D', 'DownBlock2D'] as const;
const upBlocks = ['CrossAttnUpBlock2D', 'UpBlock2D'] as const;

/** Reads diffusers' `UNet2DConditionModel` config. Throws a Failure where it asks for what is not built here. */
export function readUNetConfig(config: unknown, source = 'unet/config.json'): UNetConfig {
  const read = new ConfigReader(config, source);
  read.only({
    act_fn: ['silu', 'swish'],
    addition_embed_type: ['text_time'],
    attention_type: ['default'],
    center_input_sample: [false],
    class_embed_type: [],
    class_embeddings_concat: [false],
    conv_in_kernel: [3],
    conv_out_kernel: [3],
    cross_attention_norm: [],
    downsample_padding: [1],
    dual_cross_attention: [false],
    encoder_hid_dim: [],
    encoder_hid_dim_type: [],
    mid_block_only_cross_attention: [false],
    mid_block_scale_factor: [1],
    mid_block_type: ['UNetMidBlock2DCrossAttn'],
    num_attention_heads: [],
    num_class_embeds: [],
    only_cross_attention: [false],
    resnet_out_scale_factor: [1],
    resnet_skip_time_act: [false],
    resnet_time_scale_shift: ['default'],
    reverse_transformer_layers_per_block: [],
    time_cond_proj_dim: [],
    time_embedding_act_fn: [],
    time_embedding_dim: [],
    time_embedding_type: ['positional'],
    timestep_post_act: [],
  });
  const blockOutChannels = read.integers('block_out_channels');
  const down = read.choices('down_block_types', downBlocks).map((type) => type === 'CrossAttnDownBlock2D');
  const up = read.choices('up_block_types', upBlocks).map((type) => type === 'CrossAttnUpBlock2D');
  if (down.length !== blockOutChannels.length || down.join() !== [...up].reverse().join()) {
    read.only({ up_block_types: [] });
  }
  const levels = blockOutChannels.length;
  // diffusers' own misnomer, kept for compatibility: this field holds the number of heads.
  const heads = read.integers('attention_head_dim', levels);
  read.divides('attention_head_dim', heads, blockOutChannels);
  const groups = read.integer('norm_num_groups', 32);
  read.divides(
    'norm_num_groups',
    blockOutChannels.map(() => groups),
    blockOutChannels,
  );
  // The first level's channels are half sines and half cosines in the embedding of timesteps.
  read.divides('block_out_channels', [2], blockOutChannels.slice(0, 1));
  return {
    sampleSize: read.integer('sample_size', 64),
    inChannels: read.integer('in_channels', 4),
    outChannels: read.integer('out_channels', 4),
    blockOutChannels,
    layersPerBlock: read.integer('layers_per_block', 2, 16),
    crossAttention: down,
    heads,
    crossAttentionDim: read.integer('cross_attention_dim', 1280),
    groups,
    epsilon: read.number('norm_eps', 1e-5),
    linearProjection: read.boolean('use_linear_projection', false),
    transformerLayers: read.integers('transformer_layers_per_block', levels, { fallback: 1, max: 64 }),
    addition: read.has('addition_embed_type') ? readAddition(read) : null,
    flipSinToCos: read.boolean('flip_sin_to_cos', true),
    freqShift: read.number('freq_shift', 0),
  };
}

function readAddition(read: ConfigReader): UNetAddition {
  const factSize = read.integer('addition_time_embed_dim');
  const inputSize = read.integer('projection_class_embeddings_input_dim');
  const textSize = inputSize - factsOfPicture * factSize;
  // Half of what a number is embedded in are sines, half cosines.
  read.divides('addition_time_embed_dim', [2], [factSize]);
  if (textSize <= 0) read.only({ projection_class_embeddings_input_dim: [] });
  return { textSize, facts: factsOfPicture, factSize };
}

export interface UNetInputs {
  /** [n, in, h, w], of the type that the model's parameters have and its activations are to have. */
  readonly sample: Value;
  /** [n], float32 */
  readonly timesteps: Value;
  /** What the text encoder made of the prompts: [n, tokens, cross attention dim], of the sample's type */
  readonly promptStates: Value;
  /** Where the config says so: whole texts [n, text size] of the sample's type, and what is told of each picture [n, facts], float32 */
  readonly addition?: { readonly text: Value; readonly facts: Value };
}

/** diffusers' `UNet2DConditionModel` for Stable Diffusion 1.x, 2.x and XL; returns [n, out, h, w]. */
export function unet(model: ModelBuilder, config: UNetConfig, inputs: UNetInputs): Value {
  const { blockOutChannels: channels, layersPerBlock, groups, epsilon } = config;
  const levels = channels.length;
  const [n, tokens, width] = inputs.promptStates.shape as readonly [number, number, number];
  const promptStates = reshape(inputs.promptStates, [n * tokens, width]);
  const embedding = silu(embedConditions(model, config, inputs));
  const resnetOptions: ResnetOptions = { groups, epsilon, embedding, beginsAsIdentity: true };
  const transformerOptions = (level: number): TransformerOptions => ({
    promptStates,
    groups,
    heads: config.heads[level]!,
    linearProjection: config.linearProjection,
    layers: config.transformerLayers[level]!,
  });

  let x = conv2d(model, 'conv_in', inputs.sample, channels[0]!, 3);
  const skips = [x];
  for (let level = 0; level < levels; level++) {
    const block = `down_blocks.${level}`;
    for (let j = 0; j < layersPerBlock; j++) {
      x = resnetBlock(model, `${block}.resnets.${j}`, x, channels[level]!, resnetOptions);
      if (config.crossAttention[level]) {
        x = transformer2d(model, `${block}.attentions.${j}`, x, transformerOptions(level));
      }
      skips.push(x);
    }
    if (level < levels - 1) {
      const options = { stride: 2, padding: [1, 1, 1, 1] } as const;
      const name = `${block}.downsamplers.0`;
      const above = x;
      x = inModule(model, name, [above], () =>
        conv2d(model, `${name}.conv`, above, channels[level]!, 3, options),
      );
      skips.push(x);
    }
  }

  x = resnetBlock(model, 'mid_block.resnets.0', x, x.shape[1]!, resnetOptions);
  x = transformer2d(model, 'mid_block.attentions.0', x, transformerOptions(levels - 1));
  x = resnetBlock(model, 'mid_block.resnets.1', x, x.shape[1]!, resnetOptions);

  for (let i = 0; i < levels; i++) {
    const level = levels - 1 - i;
    const block = `up_blocks.${i}`;
    for (let j = 0; j <= layersPerBlock; j++) {
      x = concat([x, skips.pop()!], 1);
      x = resnetBlock(model, `${block}.resnets.${j}`, x, channels[level]!, resnetOptions);
      if (config.crossAttention[level]) {
        x = transformer2d(model, `${block}.attentions.${j}`, x, transformerOptions(level));
      }
    }
    if (i < levels - 1) {
      const [, , height, width] = skips.at(-1)!.shape as readonly [number, number, number, number];
      x = upsampleBlock(model, `${block}.upsamplers.0`, x, [height, width]);
    }
  }

  x = silu(groupNorm(model, 'conv_norm_out', x, groups, epsilon));
  return conv2d(model, 'conv_out', x, config.outChannels, 3, { endsBranch: true });
}

/** What all blocks are told: the timestep and, where the config says so, what `addition` holds. [n, 4c] */
function embedConditions(model: ModelBuilder, config: UNetConfig, inputs: UNetInputs): Value {
  const { blockOutChannels, addition: told } = config;
  const [{ timesteps, addition }, width] = [inputs, 4 * blockOutChannels[0]!];
  const time = twoLayers(
    model,
    'time_embedding',
    sinusoids(model, config, timesteps, blockOutChannels[0]!),
    width,
  );
  if (told === null) return time;
  const { text, facts } = addition!;
  const n = facts.shape[0]!;
  const numbers = sinusoids(model, config, reshape(facts, [n * told.facts]), told.factSize);
  const whole = concat([text, reshape(numbers, [n, told.facts * told.factSize])], 1);
  return add(time, twoLayers(model, 'add_embedding', whole, width));
}

function twoLayers(model: ModelBuilder, name: string, x: Value, width: number): Value {
  return linear(model, `${name}.linear_2`, silu(linear(model, `${name}.linear_1`, x, width)), width);
}

/**
 * Sinusoidal embedding of numbers (Vaswani et al. 2017, as in DDPM): float32 [n] -> [n, width]. The angles, up to some
 * thousands, are float32 in every model: float16 would leave nothing of their fractions.
 */
function sinusoids(
  model: ModelBuilder,
  { freqShift, flipSinToCos }: UNetConfig,
  numbers: Value,
  width: number,
): Value {
  const half = width / 2;
  const frequencies = Float32Array.from({ length: half }, (_, i) =>
    Math.exp((-Math.log(10000) * i) / (half - freqShift)),
  );
  const angles = mul(
    reshape(numbers, [numbers.shape[0]!, 1]),
    model.graph.constant('float32', [1, half], frequencies),
  );
  return concat(flipSinToCos ? [cos(angles), sin(angles)] : [sin(angles), cos(angles)], 1);
}

/** Edges of latents that are a multiple of this are halved at each level without a rest. Others can be drawn at, too. */
export function unetStride(config: UNetConfig): number {
  return 2 ** (config.blockOutChannels.length - 1);
}
