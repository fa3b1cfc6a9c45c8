import type { Value } from '../graph/graph.ts';
import { add } from '../graph/ops/elementwise.ts';
import { toImage, toRows } from '../graph/ops/image-rows.ts';
import { silu } from './activations.ts';
import { attention, conv2d, groupNorm, linear } from './layers.ts';
import { inModule, type ModelBuilder } from './model-builder.ts';
import { resnetBlock, upsampleBlock } from './resnet-block.ts';

/** One layer of a network that is a chain of them, as an autoencoder's halves are. Names are those of state dicts. */
export type Layer =
  | {
      readonly kind: 'conv';
      readonly name: string;
      readonly channels: number;
      readonly kernel: 1 | 3;
    }
  | { readonly kind: 'resnet'; readonly name: string; readonly channels: number }
  /** Self-attention of a single head over all pixels. */
  | { readonly kind: 'attention'; readonly name: string }
  | { readonly kind: 'upsample'; readonly name: string }
  | { readonly kind: 'downsample'; readonly name: string }
  /** Norm, SiLU, convolution of 3x3. */
  | { readonly kind: 'norm-conv'; readonly norm: string; readonly conv: string; readonly channels: number };

export interface LayerStack {
  readonly layers: readonly Layer[];
  /** Of channels, in every norm. */
  readonly groups: number;
}

/** What norms add to the variance. */
export const epsilon = 1e-6;

/** x [n, c, h, w] through all layers. */
export function buildLayers(model: ModelBuilder, { layers, groups }: LayerStack, x: Value): Value {
  return layers.reduce((y, layer) => buildLayer(model, layer, y, groups), x);
}

function buildLayer(model: ModelBuilder, layer: Layer, x: Value, groups: number): Value {
  switch (layer.kind) {
    case 'conv':
      return conv2d(model, layer.name, x, layer.channels, layer.kernel);
    case 'resnet':
      return resnetBlock(model, layer.name, x, layer.channels, { groups, epsilon });
    case 'attention':
      return pixelAttention(model, layer.name, x, groups);
    case 'upsample':
      return upsampleBlock(model, layer.name, x);
    case 'downsample':
      return inModule(model, layer.name, [x], () =>
        conv2d(model, `${layer.name}.conv`, x, x.shape[1]!, 3, downsampling),
      );
    case 'norm-conv': {
      const normalized = silu(groupNorm(model, layer.norm, x, groups, epsilon));
      return conv2d(model, layer.conv, normalized, layer.channels, 3);
    }
  }
}

/** Padded at the far edges only, as the original implementation did. */
const downsampling = { stride: 2, padding: [0, 0, 1, 1] } as const;

function pixelAttention(model: ModelBuilder, name: string, x: Value, groups: number): Value {
  const channels = x.shape[1]!;
  return inModule(model, name, [x], () => {
    const rows = toRows(groupNorm(model, `${name}.group_norm`, x, groups, epsilon));
    const q = linear(model, `${name}.to_q`, rows, channels);
    const k = linear(model, `${name}.to_k`, rows, channels);
    const v = linear(model, `${name}.to_v`, rows, channels);
    const attended = attention(q, k, v, { batch: x.shape[0]!, heads: 1 });
    return add(x, toImage(linear(model, `${name}.to_out.0`, attended, channels), x.shape));
  });
}
