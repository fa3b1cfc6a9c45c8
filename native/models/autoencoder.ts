import type { Value } from '../graph/graph.ts';
import { clip } from '../graph/ops/elementwise.ts';
import { split } from '../graph/ops/shape.ts';
import { ConfigReader } from './config.ts';
import { buildLayers, type Layer, type LayerStack } from './layer-stack.ts';
import type { ModelBuilder } from './model-builder.ts';

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

export interface Moments {
  /** [n, latent channels, h, w] */
  readonly mean: Value;
  readonly logVariance: Value;
}

/** Pictures [n, 3, H, W] in [-1, 1] -> the posterior of their latents, not yet scaled. */
export function encode(model: ModelBuilder, config: AutoencoderConfig, pictures: Value): Moments {
  return asMoments(buildLayers(model, encoderLayers(config), pictures), config);
}

/** Latents [n, latent channels, h, w], unscaled -> pictures [n, 3, H, W], about [-1, 1]. */
export function decode(model: ModelBuilder, config: AutoencoderConfig, latents: Value): Value {
  return buildLayers(model, decoderLayers(config), latents);
}

/** From pictures to what `asMoments` takes. */
export function encoderLayers(config: AutoencoderConfig): LayerStack {
  const { blockOutChannels, layersPerBlock, groups, latentChannels } = config;
  const levels = blockOutChannels.flatMap((channels, level): Layer[] => {
    const block = `encoder.down_blocks.${level}`;
    return [
      ...resnets(block, layersPerBlock, channels),
      ...(level < blockOutChannels.length - 1
        ? [{ kind: 'downsample', name: `${block}.downsamplers.0` } as const]
        : []),
    ];
  });
  const layers: Layer[] = [
    { kind: 'conv', name: 'encoder.conv_in', channels: blockOutChannels[0]!, kernel: 3 },
    ...levels,
    ...midBlock('encoder.mid_block', blockOutChannels.at(-1)!, config),
    {
      kind: 'norm-conv',
      norm: 'encoder.conv_norm_out',
      conv: 'encoder.conv_out',
      channels: 2 * latentChannels,
    },
  ];
  if (config.quantConv)
    layers.push({ kind: 'conv', name: 'quant_conv', channels: 2 * latentChannels, kernel: 1 });
  return { layers, groups };
}

/** From latents to pictures. */
export function decoderLayers(config: AutoencoderConfig): LayerStack {
  const { layersPerBlock, groups, latentChannels, outChannels } = config;
  const widths = [...config.blockOutChannels].reverse();
  const levels = widths.flatMap((channels, level): Layer[] => {
    const block = `decoder.up_blocks.${level}`;
    return [
      ...resnets(block, layersPerBlock + 1, channels),
      ...(level < widths.length - 1 ? [{ kind: 'upsample', name: `${block}.upsamplers.0` } as const] : []),
    ];
  });
  const layers: Layer[] = [
    { kind: 'conv', name: 'decoder.conv_in', channels: widths[0]!, kernel: 3 },
    ...midBlock('decoder.mid_block', widths[0]!, config),
    ...levels,
    { kind: 'norm-conv', norm: 'decoder.conv_norm_out', conv: 'decoder.conv_out', channels: outChannels },
  ];
  if (config.postQuantConv)
    layers.unshift({ kind: 'conv', name: 'post_quant_conv', channels: latentChannels, kernel: 1 });
  return { layers, groups };
}

/** What the encoder's last layer gives, as mean and log variance. */
export function asMoments(x: Value, { latentChannels }: AutoencoderConfig): Moments {
  const [mean, logVariance] = split(x, [latentChannels, latentChannels], 1) as [Value, Value];
  return { mean, logVariance: clip(logVariance, -30, 20) };
}

function resnets(block: string, count: number, channels: number): Layer[] {
  return Array.from({ length: count }, (_, j) => ({
    kind: 'resnet',
    name: `${block}.resnets.${j}`,
    channels,
  }));
}

/** Two resnet blocks with one self-attention of a single head between them. */
function midBlock(name: string, channels: number, { midAttention }: AutoencoderConfig): Layer[] {
  const [first, second] = resnets(name, 2, channels) as [Layer, Layer];
  return [
    first,
    ...(midAttention ? [{ kind: 'attention', name: `${name}.attentions.0` } as const] : []),
    second,
  ];
}
