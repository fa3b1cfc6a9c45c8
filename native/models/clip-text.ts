import type { Value } from '../graph/graph.ts';
import { add } from '../graph/ops/elementwise.ts';
import { gather, reshape } from '../graph/ops/shape.ts';
import { activation } from './activations.ts';
import { ConfigReader } from './config.ts';
import { attention, layerNorm, linear } from './layers.ts';
import { inModule, type ModelBuilder } from './model-builder.ts';
import { embeddingKind } from './parameter.ts';

export interface ClipTextConfig {
  readonly vocabularySize: number;
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  readonly layers: number;
  readonly heads: number;
  readonly positions: number;
  readonly activation: 'quick_gelu' | 'gelu';
  readonly epsilon: number;
}

/** Reads transformers' `CLIPTextModel` config. */
export function readClipTextConfig(config: unknown, source = 'text_encoder/config.json'): ClipTextConfig {
  const read = new ConfigReader(config, source);
  const hiddenSize = read.integer('hidden_size', 512);
  const heads = read.integer('num_attention_heads', 8);
  read.divides('num_attention_heads', [heads], [hiddenSize]);
  return {
    vocabularySize: read.integer('vocab_size', 49408),
    hiddenSize,
    intermediateSize: read.integer('intermediate_size', 2048),
    layers: read.integer('num_hidden_layers', 12, 128),
    heads,
    positions: read.integer('max_position_embeddings', 77, 4096),
    activation: read.choice('hidden_act', ['quick_gelu', 'gelu'], 'quick_gelu'),
    epsilon: read.number('layer_norm_eps', 1e-5),
  };
}

/** Large enough to make a score vanish in a softmax, and finite, so that no NaN can come of it. */
const hidden = -1e9;

/**
 * transformers' `CLIPTextModel`: token ids int64 [n, tokens] -> last hidden state [n, tokens, d], after the final
 * layer norm. A Stable Diffusion 2.x text encoder is the same with one layer fewer in its config.
 */
export function clipText(model: ModelBuilder, config: ClipTextConfig, inputIds: Value): Value {
  const { hiddenSize: width, heads, epsilon } = config;
  const [n, tokens] = inputIds.shape as readonly [number, number];
  const act = activation(config.activation)!;
  const root = 'text_model';

  const table = model.parameter(
    `${root}.embeddings.token_embedding.weight`,
    [config.vocabularySize, width],
    embeddingKind,
  );
  const places = model.parameter(
    `${root}.embeddings.position_embedding.weight`,
    [config.positions, width],
    embeddingKind,
  );
  const place = model.graph.constant(
    'int64',
    [tokens],
    Array.from({ length: tokens }, (_, i) => i),
  );
  let x = reshape(add(gather(table, inputIds, 0), gather(places, place, 0)), [n * tokens, width]);

  const mask = model.graph.constant(
    'float32',
    [tokens, tokens],
    Float32Array.from({ length: tokens * tokens }, (_, i) =>
      i % tokens > Math.floor(i / tokens) ? hidden : 0,
    ),
  );
  for (let layer = 0; layer < config.layers; layer++) {
    const name = `${root}.encoder.layers.${layer}`;
    const before = x;
    x = inModule(model, name, [before], () => {
      const normed = layerNorm(model, `${name}.layer_norm1`, before, epsilon);
      const q = linear(model, `${name}.self_attn.q_proj`, normed, width);
      const k = linear(model, `${name}.self_attn.k_proj`, normed, width);
      const v = linear(model, `${name}.self_attn.v_proj`, normed, width);
      const attended = attention(q, k, v, { batch: n, heads, mask });
      const y = add(before, linear(model, `${name}.self_attn.out_proj`, attended, width));
      const inner = linear(
        model,
        `${name}.mlp.fc1`,
        layerNorm(model, `${name}.layer_norm2`, y, epsilon),
        config.intermediateSize,
      );
      return add(y, linear(model, `${name}.mlp.fc2`, act(inner), width));
    });
  }
  return reshape(layerNorm(model, `${root}.final_layer_norm`, x, epsilon), [n, tokens, width]);
}
