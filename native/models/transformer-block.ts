import type { Value } from '../graph/graph.ts';
import { add, mul } from '../graph/ops/elementwise.ts';
import { toImage, toRows } from '../graph/ops/image-rows.ts';
import { split } from '../graph/ops/shape.ts';
import { gelu } from './activations.ts';
import { attention, groupNorm, layerNorm, linear, pointwiseConv } from './layers.ts';
import type { ModelBuilder } from './model-builder.ts';

export interface TransformerOptions {
  /** The prompt's states as rows: [n·tokens, d]. */
  readonly promptStates: Value;
  readonly groups: number;
  readonly heads: number;
  /** Whether `proj_in` and `proj_out` are linear layers (SD 2.x) or 1x1 convolutions (SD 1.x). */
  readonly linearProjection: boolean;
}

/** diffusers' `Transformer2DModel` with one block: x [n, c, h, w] -> the same. */
export function transformer2d(
  model: ModelBuilder,
  name: string,
  x: Value,
  options: TransformerOptions,
): Value {
  const { groups, linearProjection } = options;
  const channels = x.shape[1]!;
  return model.graph.scoped(name, () => {
    const project = linearProjection ? linear : pointwiseConv;
    let rows = toRows(groupNorm(model, `${name}.norm`, x, groups, 1e-6));
    rows = project(model, `${name}.proj_in`, rows, channels);
    rows = transformerBlock(model, `${name}.transformer_blocks.0`, rows, x.shape[0]!, options);
    rows = project(model, `${name}.proj_out`, rows, channels, { endsBranch: true });
    return add(x, toImage(rows, x.shape));
  });
}

/** diffusers' `BasicTransformerBlock`: self-attention, attention to the prompt, GEGLU feed-forward. */
function transformerBlock(
  model: ModelBuilder,
  name: string,
  rows: Value,
  batch: number,
  { promptStates, heads }: TransformerOptions,
): Value {
  const width = rows.shape[1]!;
  const attend = (module: string, queries: Value, keys: Value): Value => {
    const q = linear(model, `${module}.to_q`, queries, width, { hasBias: false });
    const k = linear(model, `${module}.to_k`, keys, width, { hasBias: false });
    const v = linear(model, `${module}.to_v`, keys, width, { hasBias: false });
    return linear(model, `${module}.to_out.0`, attention(q, k, v, { batch, heads }), width);
  };
  const own = layerNorm(model, `${name}.norm1`, rows, 1e-5);
  let x = add(rows, attend(`${name}.attn1`, own, own));
  x = add(x, attend(`${name}.attn2`, layerNorm(model, `${name}.norm2`, x, 1e-5), promptStates));
  const hidden = linear(
    model,
    `${name}.ff.net.0.proj`,
    layerNorm(model, `${name}.norm3`, x, 1e-5),
    8 * width,
  );
  // GEGLU (Shazeer 2020): the second half gates the first.
  const [values, gate] = split(hidden, [4 * width, 4 * width], 1) as [Value, Value];
  return add(x, linear(model, `${name}.ff.net.2`, mul(values, gelu(gate)), width));
}
