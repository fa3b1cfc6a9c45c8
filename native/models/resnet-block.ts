import type { Value } from '../graph/graph.ts';
import { add } from '../graph/ops/elementwise.ts';
import { upsampleNearest } from '../graph/ops/resample.ts';
import { reshape, slice } from '../graph/ops/shape.ts';
import { silu } from './activations.ts';
import { conv2d, groupNorm, linear } from './layers.ts';
import { inModule, type ModelBuilder } from './model-builder.ts';

export interface ResnetOptions {
  readonly groups: number;
  readonly epsilon: number;
  /** SiLU of the timestep embedding [n, d]; a VAE has none. */
  readonly embedding?: Value;
  /** Whether an untrained block begins as the identity, as a UNet's do. */
  readonly beginsAsIdentity?: boolean;
}

/** diffusers' `ResnetBlock2D`: x [n, c, h, w] -> [n, out, h, w]. */
export function resnetBlock(
  model: ModelBuilder,
  name: string,
  x: Value,
  outChannels: number,
  { groups, epsilon, embedding, beginsAsIdentity = false }: ResnetOptions,
): Value {
  return inModule(model, name, embedding ? [x, embedding] : [x], () => {
    let hidden = silu(groupNorm(model, `${name}.norm1`, x, groups, epsilon));
    hidden = conv2d(model, `${name}.conv1`, hidden, outChannels, 3);
    if (embedding) {
      const shift = linear(model, `${name}.time_emb_proj`, embedding, outChannels);
      hidden = add(hidden, reshape(shift, [x.shape[0]!, outChannels, 1, 1]));
    }
    hidden = silu(groupNorm(model, `${name}.norm2`, hidden, groups, epsilon));
    hidden = conv2d(model, `${name}.conv2`, hidden, outChannels, 3, { endsBranch: beginsAsIdentity });
    const skip = x.shape[1] === outChannels ? x : conv2d(model, `${name}.conv_shortcut`, x, outChannels, 1);
    return add(skip, hidden);
  });
}

/**
 * diffusers' `Upsample2D`: twice the size by nearest neighbour, or one row or column less where `size` says so, then a
 * convolution.
 */
export function upsampleBlock(
  model: ModelBuilder,
  name: string,
  x: Value,
  size: readonly [height: number, width: number] = [2 * x.shape[2]!, 2 * x.shape[3]!],
): Value {
  // Of an odd size, nearest neighbours are those of the even one above it without the last row or column.
  const cut = size.flatMap((end, i) => (end < 2 * x.shape[2 + i]! ? [{ axis: 2 + i, begin: 0, end }] : []));
  return inModule(model, name, [x], () => {
    const larger = upsampleNearest(x, 2);
    return conv2d(model, `${name}.conv`, cut.length > 0 ? slice(larger, cut) : larger, x.shape[1]!, 3);
  });
}
