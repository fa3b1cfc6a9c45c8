import type { Value } from '../graph/graph.ts';
import { add, mul } from '../graph/ops/elementwise.ts';
import { toImage, toRows } from '../graph/ops/image-rows.ts';
import { split } from '../graph/ops/shape.ts';
import { gelu } from './activations.ts';
import { attention, groupNorm, layerNorm, linear, pointwiseConv } from './layers.ts';
import { inModule, type ModelBuilder } from './model-builder.ts';

export interface TransformerOptions {
  /** The prompt's states as rows: [n·tokens, d]. */
  readonly promptStates: Value;
  readonly groups: number;
  readonly heads: number;
  /** Whether `proj_in` and `proj_out` are linear layers (SD 2.x, SDXL) or 1x1 convolutions (SD 1.x). */
  readonly linearProjection: boolean;
  /** Blocks in a row. */
  readonly layers: number;
}

/** diffusers' `Transformer2DModel`: x [n, c, h, w] -> the same. Three modules a block, as it takes most of the memory. */
export function transformer2d(
  model: ModelBuilder,
  name: string,
  x: Value,
  options: TransformerOptions,
): Value {
  const { groups, linearProjection, promptStates, layers } = options;
  const channels = x.shape[1]!;
  const project = linearProjection ? linear : pointwiseConv;
  const batch = x.shape[0]!;
  return model.graph.scoped(name, () => {
    let rows = x;
    for (let layer = 0; layer < layers; layer++) {
      const block = `${name}.transformer_blocks.${layer}`;
      const part = (kind: string): string => (layer === 0 ? kind : `${kind}.${layer}`);
      const before = rows;
      const looked = inModule(model, part('self'), [before], () => {
        const entered =
          layer > 0
            ? before
            : project(
                model,
                `${name}.proj_in`,
                toRows(groupNorm(model, `${name}.norm`, x, groups, 1e-6)),
                channels,
              );
        const own = layerNorm(model, `${block}.norm1`, entered, 1e-5);
        return add(entered, attend(model, `${block}.attn1`, own, own, batch, options));
      });
      const told = inModule(model, part('prompt'), [looked, promptStates], () => {
        const queries = layerNorm(model, `${block}.norm2`, looked, 1e-5);
        return add(looked, attend(model, `${block}.attn2`, queries, promptStates, batch, options));
      });
      const isLast = layer === layers - 1;
      rows = inModule(model, part('feed-forward'), isLast ? [told, x] : [told], () => {
        const normed = layerNorm(model, `${block}.norm3`, told, 1e-5);
        const left = add(told, feedForward(model, `${block}.ff`, normed));
        if (!isLast) return left;
        const projected = project(model, `${name}.proj_out`, left, channels, { endsBranch: true });
        return add(x, toImage(projected, x.shape));
      });
    }
    return rows;
  });
}

function attend(
  model: ModelBuilder,
  module: string,
  queries: Value,
  keys: Value,
  batch: number,
  { heads }: TransformerOptions,
): Value {
  const width = queries.shape[1]!;
  const q = linear(model, `${module}.to_q`, queries, width, { hasBias: false });
  const k = linear(model, `${module}.to_k`, keys, width, { hasBias: false });
  const v = linear(model, `${module}.to_v`, keys, width, { hasBias: false });
  return linear(model, `${module}.to_out.0`, attention(q, k, v, { batch, heads }), width);
}

/** GEGLU (Shazeer 2020): the second half of a layer gates the first. */
function feedForward(model: ModelBuilder, name: string, x: Value): Value {
  const width = x.shape[1]!;
  const hidden = linear(model, `${name}.net.0.proj`, x, 8 * width);
  const [values, gate] = split(hidden, [4 * width, 4 * width], 1) as [Value, Value];
  return linear(model, `${name}.net.2`, mul(values, gelu(gate)), width);
}
