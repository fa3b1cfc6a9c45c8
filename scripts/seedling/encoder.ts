import { elementCount } from '../../native/graph/data-type.ts';
import { Graph } from '../../native/graph/graph.ts';
import { type AutoencoderConfig, decode, encode } from '../../native/models/autoencoder.ts';
import { InputParameters } from '../../native/models/model-builder.ts';
import type { Parameter } from '../../native/models/parameter.ts';
import { initialWeights } from '../../native/training/initial-weights.ts';
import { type PrincipalComponents, principalComponents } from './principal-components.ts';

/**
 * First weights of `seedling`'s VAE. Its encoder is not learned: it is the best linear transform of blocks of 8x8 pixels,
 * two principal component analyses written into the weights of an ordinary `AutoencoderKL`, so that the UNet need not wait
 * for a VAE to be trained. The decoder begins from fresh weights.
 */
export interface BlockTransform {
  /** Of blocks of 4x4 pixels, each [3, 4, 4]. */
  readonly fine: PrincipalComponents;
  /** Of squares of 2x2 blocks' components, each [fine components, 2, 2]. */
  readonly coarse: PrincipalComponents;
}

type Weights = Float32Array<ArrayBuffer>;

/** Squares of `edge` pixels of a picture [c, size, size], each flattened as [c, edge, edge]. */
function squares(picture: ArrayLike<number>, channels: number, size: number, edge: number): Float64Array[] {
  const count = size / edge;
  return Array.from({ length: count * count }, (_, square) => {
    const [top, left] = [Math.floor(square / count) * edge, (square % count) * edge];
    return Float64Array.from({ length: channels * edge * edge }, (_, k) => {
      const [c, y, x] = [Math.floor(k / (edge * edge)), Math.floor(k / edge) % edge, k % edge];
      return picture[(c * size + top + y) * size + left + x]!;
    });
  });
}

/** [components, size / edge, size / edge] of a picture [c, size, size]. */
function transformed(
  { mean, components }: PrincipalComponents,
  picture: ArrayLike<number>,
  channels: number,
  size: number,
  edge: number,
): Float64Array {
  const all = squares(picture, channels, size, edge);
  const result = new Float64Array(components.length * all.length);
  components.forEach((component, j) => {
    all.forEach((square, place) => {
      let sum = 0;
      for (let k = 0; k < square.length; k++) sum += component[k]! * (square[k]! - mean[k]!);
      result[j * all.length + place] = sum;
    });
  });
  return result;
}

/** Fits the transform to pictures [3, size, size]. */
export function fitBlockTransform(
  pictures: readonly ArrayLike<number>[],
  size: number,
  { blockOutChannels, latentChannels }: AutoencoderConfig,
): BlockTransform {
  const width = blockOutChannels[1]!;
  const fine = principalComponents(
    pictures.flatMap((picture) => squares(picture, 3, size, 4)),
    width,
  );
  const halfway = pictures.map((picture) => transformed(fine, picture, 3, size, 4));
  const coarse = principalComponents(
    halfway.flatMap((picture) => squares(picture, width, size / 4, 2)),
    latentChannels,
  );
  return { fine, coarse };
}

/** Latents [latent channels, size / 8, size / 8] of a picture, as the encoder of `firstVaeWeights` gives them. */
export function blockLatents(
  { fine, coarse }: BlockTransform,
  picture: ArrayLike<number>,
  size: number,
): Float64Array {
  const halfway = transformed(fine, picture, 3, size, 4);
  const result = transformed(coarse, halfway, fine.components.length, size / 4, 2);
  const area = (size / 8) ** 2;
  return result.map((value, i) => value / Math.sqrt(coarse.deviations[Math.floor(i / area)]!));
}

/** What a constant channel holds: much more than any signal, so that a norm's deviation is that of the constants. */
const anchor = 200;
/** Where SiLU is the identity to seven digits, and how far from it signals are carried. */
const [rest, swing] = [24, 6];
/** Largest magnitude of a component that is passed on undistorted. */
const largest = 60;
/** Log variance of the posterior. */
const logVariance = Math.log(0.02 ** 2);

/** All weights of the VAE by state-dict name. The config has four levels of one layer, the last twice the latents wide. */
export function firstVaeWeights(
  config: AutoencoderConfig,
  transform: BlockTransform,
  seed: number,
): ReadonlyMap<string, { readonly parameter: Parameter; readonly data: Weights }> {
  const weights = new Map(
    vaeParameters(config).map((parameter) => {
      // The decoder's blocks begin as the identity, as a UNet's.
      const data = parameter.key.endsWith('.conv2.weight')
        ? new Float32Array(elementCount(parameter.shape))
        : initialWeights(parameter, seed);
      return [parameter.key, { parameter, data }] as const;
    }),
  );
  const shapeOf = (name: string): readonly number[] => weights.get(name)!.parameter.shape;
  const zero = (name: string): Weights => weights.get(name)!.data.fill(0);
  /** A convolution of these taps alone: [output, input, row, column, value]. */
  const taps = (name: string, entries: Iterable<readonly [number, number, number, number, number]>): void => {
    const data = zero(`${name}.weight`);
    const [, inputs, rows, columns] = shapeOf(`${name}.weight`) as [number, number, number, number];
    for (const [o, i, y, x, value] of entries) data[((o * inputs + i) * rows + y) * columns + x] = value;
  };
  const { blockOutChannels: channels, latentChannels: latents, groups } = config;
  const { fine, coarse } = transform;
  const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
  const pass = (name: string, count: number, tap: number): void => {
    taps(
      name,
      range(count).map((i) => [i, i, tap, tap, 1] as const),
    );
  };

  if (config.midAttention) zero('encoder.mid_block.attentions.0.to_out.0.weight');
  pass('encoder.conv_in', 3, 1);
  // Four pixels side by side become twelve channels: [channel, row, column].
  taps(
    'encoder.down_blocks.0.downsamplers.0.conv',
    range(12).map((o) => [o, o >> 2, (o >> 1) & 1, o & 1, 1] as const),
  );
  pass('encoder.down_blocks.1.resnets.0.conv_shortcut', 12, 0);
  // Row of a 4x4 block = 2 · the tap's + the channel's, and so the column.
  taps(
    'encoder.down_blocks.1.downsamplers.0.conv',
    fine.components.flatMap((component, j) =>
      [...component].map((value, k) => {
        const [c, y, x] = [k >> 4, (k >> 2) & 3, k & 3];
        return [j, c * 4 + (y & 1) * 2 + (x & 1), y >> 1, x >> 1, value] as const;
      }),
    ),
  );
  zero('encoder.down_blocks.1.downsamplers.0.conv.bias').set(offsets(fine));
  pass('encoder.down_blocks.2.resnets.0.conv_shortcut', fine.components.length, 0);
  taps(
    'encoder.down_blocks.2.downsamplers.0.conv',
    coarse.components.flatMap((component, j) =>
      [...component].map((value, k) => [j, k >> 2, (k >> 1) & 1, k & 1, value] as const),
    ),
  );
  zero('encoder.down_blocks.2.downsamplers.0.conv.bias').set(offsets(coarse));

  // The last norm would scale every picture by its own contrast. So each of its groups holds, beside its share of the
  // signals, constants that outweigh them and a zero that tells the group's mean.
  const perGroup = channels[3]! / groups;
  const signalsPerGroup = latents / groups;
  const channelOf = (signal: number): number =>
    Math.floor(signal / signalsPerGroup) * perGroup + (signal % signalsPerGroup);
  const zeroOf = (signal: number): number =>
    Math.floor(signal / signalsPerGroup) * perGroup + signalsPerGroup;
  const shortcut = 'encoder.down_blocks.3.resnets.0.conv_shortcut';
  taps(
    shortcut,
    range(latents).map((j) => [channelOf(j), j, 0, 0, 1] as const),
  );
  const constants = zero(`${shortcut}.bias`);
  const anchors = perGroup - signalsPerGroup - 2;
  for (let group = 0; group < groups; group++)
    for (let k = 0; k < anchors; k++)
      constants[group * perGroup + signalsPerGroup + 2 + k] = k % 2 === 0 ? anchor : -anchor;
  const deviation = anchor * Math.sqrt(anchors / perGroup);
  const gain = (swing * deviation) / largest;
  const scale = zero('encoder.conv_norm_out.weight');
  for (let j = 0; j < latents; j++) scale[channelOf(j)] = scale[zeroOf(j)] = gain;
  weights.get('encoder.conv_norm_out.bias')!.data.fill(rest);
  taps(
    'encoder.conv_out',
    range(latents).flatMap((j) => {
      const back = deviation / gain / Math.sqrt(coarse.deviations[j]!);
      return [[j, channelOf(j), 1, 1, back] as const, [j, zeroOf(j), 1, 1, -back] as const];
    }),
  );
  zero('encoder.conv_out.bias');
  if (config.quantConv) {
    pass('quant_conv', latents, 0);
    zero('quant_conv.bias').fill(logVariance, latents);
  }
  return weights;
}

/** -component · mean of each. */
function offsets({ mean, components }: PrincipalComponents): number[] {
  return components.map((component) => -component.reduce((sum, value, k) => sum + value * mean[k]!, 0));
}

function vaeParameters(config: AutoencoderConfig): readonly Parameter[] {
  const graph = new Graph();
  const model = new InputParameters(graph);
  const edge = 2 ** config.blockOutChannels.length;
  const shape = [1, config.inChannels, edge, edge];
  const { mean } = encode(model, config, graph.input('pictures', 'float32', shape));
  decode(model, config, mean);
  return model.parameters.filter(({ shape: extents }) => elementCount(extents) > 0);
}
