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
  /** Whether `proj_in` and `proj_out` are linear layers (SD 2.x) or 1x1 convolutions (SD 1.x). */
  readonly linearProjection: boolean;
}

/** diffusers' `Transformer2DModel` with one block: x [n, c, h, w] -> the same. Three modules, as it takes most of the memory. */
export function transformer2d(
  model: ModelBuilder,
  name: string,
  x: Value,
  options: TransformerOptions,
): Value {
  const { groups, linearProjection, promptStates } = options;
  const channels = x.shape[1]!;
  const project = linearProjection ? linear : pointwiseConv;
  const block = `${name}.transformer_blocks.0`;
  const batch = x.shape[0]!;
  return model.graph.scoped(name, () => {
    const looked = inModule(model, 'self', [x], () => {
      const normed = toRows(groupNorm(model, `${name}.norm`, x, groups, 1e-6));
      const rows = project(model, `${name}.proj_in`, normed, channels);
      const own = layerNorm(model, `${block}.norm1`, rows, 1e-5);
      return add(rows, attend(model, `${block}.attn1`, own, own, batch, options));
    });
    const told = inModule(model, 'prompt', [looked, promptStates], () => {
      const queries = layerNorm(model, `${block}.norm2`, looked, 1e-5);
      return add(looked, attend(model, `${block}.attn2`, queries, promptStates, batch, options));
    });
    return inModule(model, 'feed-forward', [told, x], () => {
      const rows = add(
        told,
        feedForward(model, `${block}.ff`, layerNorm(model, `${block}.norm3`, told, 1e-5)),
      );
      const projected = project(model, `${name}.proj_out`, rows, channels, { endsBranch: true });
      return add(x, toImage(projected, x.shape));
    });
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
