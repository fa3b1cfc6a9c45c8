import type { Value } from '../graph/graph.ts';
import { add, clip } from '../graph/ops/elementwise.ts';
import { toImage, toRows } from '../graph/ops/image-rows.ts';
import { split } from '../graph/ops/shape.ts';
import { silu } from './activations.ts';
import { ConfigReader } from './config.ts';
import { attention, conv2d, groupNorm, linear } from './layers.ts';
import { inModule, type ModelBuilder } from './model-builder.ts';
import { resnetBlock, upsampleBlock } from './resnet-block.ts';

export interface AutoencoderConfig {
  /** Edge of the square pictures the model was made for. */
  readonly sampleSize: number;
  readonly inChannels: number;
  readonly outChannels: number;
  readonly latentChannels: number;
  readonly blockOutChannels: readonly number[];
  readonly layersPerBlock: number;
  readonly groups: number;
  /** Latents are multiplied by this before the UNet sees them, so that their variance is near one. */
  readonly scalingFactor: number;
  readonly midAttention: boolean;
  readonly quantConv: boolean;
  readonly postQuantConv: boolean;
}

/** Reads diffusers' `AutoencoderKL` config. */
export function readAutoencoderConfig(config: unknown, source = 'vae/config.json'): AutoencoderConfig {
  const read = new ConfigReader(config, source);
  read.only({
    act_fn: ['silu'],
    in_channels: [3],
    out_channels: [3],
    shift_factor: [0],
    latents_mean: [],
    latents_std: [],
  });
  const blockOutChannels = read.integers('block_out_channels');
  const down = read.choices('down_block_types', ['DownEncoderBlock2D']);
  const up = read.choices('up_block_types', ['UpDecoderBlock2D']);
  if (down.length !== blockOutChannels.length) read.only({ down_block_types: [] });
  if (up.length !== blockOutChannels.length) read.only({ up_block_types: [] });
  const groups = read.integer('norm_num_groups', 32);
  read.divides(
    'norm_num_groups',
    blockOutChannels.map(() => groups),
    blockOutChannels,
  );
  return {
    sampleSize: read.integer('sample_size', 512),
    inChannels: read.integer('in_channels', 3),
    outChannels: read.integer('out_channels', 3),
    latentChannels: read.integer('latent_channels', 4),
    blockOutChannels,
    layersPerBlock: read.integer('layers_per_block', 1, 16),
    groups,
    scalingFactor: read.positive('scaling_factor', 0.18215),
    midAttention: read.boolean('mid_block_add_attention', true),
    quantConv: read.boolean('use_quant_conv', true),
    postQuantConv: read.boolean('use_post_quant_conv', true),
  };
}

/** Pixels of a picture's edge per latent pixel. */
export function autoencoderFactor(config: AutoencoderConfig): number {
  return 2 ** (config.blockOutChannels.length - 1);
}

const epsilon = 1e-6;

export interface Moments {
  /** [n, latent channels, h, w] */
  readonly mean: Value;
  readonly logVariance: Value;
}

/** Pictures [n, 3, H, W] in [-1, 1] -> the posterior of their latents, not yet scaled. */
export function encode(model: ModelBuilder, config: AutoencoderConfig, pictures: Value): Moments {
  const { blockOutChannels: channels, layersPerBlock, groups, latentChannels } = config;
  const options = { groups, epsilon };
  let x = conv2d(model, 'encoder.conv_in', pictures, channels[0]!, 3);
  channels.forEach((width, level) => {
    const block = `encoder.down_blocks.${level}`;
    for (let j = 0; j < layersPerBlock; j++)
      x = resnetBlock(model, `${block}.resnets.${j}`, x, width, options);
    if (level < channels.length - 1) {
      // Padded at the far edges only, as the original implementation did.
      const stride = { stride: 2, padding: [0, 0, 1, 1] } as const;
      const name = `${block}.downsamplers.0`;
      const above = x;
      x = inModule(model, name, [above], () => conv2d(model, `${name}.conv`, above, width, 3, stride));
    }
  });
  x = midBlock(model, 'encoder.mid_block', x, config);
  x = silu(groupNorm(model, 'encoder.conv_norm_out', x, groups, epsilon));
  x = conv2d(model, 'encoder.conv_out', x, 2 * latentChannels, 3);
  if (config.quantConv) x = conv2d(model, 'quant_conv', x, 2 * latentChannels, 1);
  const [mean, logVariance] = split(x, [latentChannels, latentChannels], 1) as [Value, Value];
  return { mean, logVariance: clip(logVariance, -30, 20) };
}

/** Latents [n, latent channels, h, w], unscaled -> pictures [n, 3, H, W], about [-1, 1]. */
export function decode(model: ModelBuilder, config: AutoencoderConfig, latents: Value): Value {
  const { layersPerBlock, groups } = config;
  const channels = [...config.blockOutChannels].reverse();
  const options = { groups, epsilon };
  let x = config.postQuantConv
    ? conv2d(model, 'post_quant_conv', latents, config.latentChannels, 1)
    : latents;
  x = conv2d(model, 'decoder.conv_in', x, channels[0]!, 3);
  x = midBlock(model, 'decoder.mid_block', x, config);
  channels.forEach((width, level) => {
    const block = `decoder.up_blocks.${level}`;
    for (let j = 0; j <= layersPerBlock; j++)
      x = resnetBlock(model, `${block}.resnets.${j}`, x, width, options);
    if (level < channels.length - 1) x = upsampleBlock(model, `${block}.upsamplers.0`, x);
  });
  x = silu(groupNorm(model, 'decoder.conv_norm_out', x, groups, epsilon));
  return conv2d(model, 'decoder.conv_out', x, config.outChannels, 3);
}

/** Two resnet blocks with one self-attention of a single head between them. */
function midBlock(
  model: ModelBuilder,
  name: string,
  x: Value,
  { groups, midAttention }: AutoencoderConfig,
): Value {
  const channels = x.shape[1]!;
  const options = { groups, epsilon };
  let y = resnetBlock(model, `${name}.resnets.0`, x, channels, options);
  if (midAttention) {
    const attn = `${name}.attentions.0`;
    const before = y;
    y = inModule(model, attn, [before], () => {
      const rows = toRows(groupNorm(model, `${attn}.group_norm`, before, groups, epsilon));
      const q = linear(model, `${attn}.to_q`, rows, channels);
      const k = linear(model, `${attn}.to_k`, rows, channels);
      const v = linear(model, `${attn}.to_v`, rows, channels);
      const attended = attention(q, k, v, { batch: before.shape[0]!, heads: 1 });
      return add(before, toImage(linear(model, `${attn}.to_out.0`, attended, channels), before.shape));
    });
  }
  return resnetBlock(model, `${name}.resnets.1`, y, channels, options);
}
