import type { Value } from '../graph/graph.ts';
import { add, cast, equal, mul, sub } from '../graph/ops/elementwise.ts';
import { matmul } from '../graph/ops/matmul.ts';
import { argMax, reduceSum } from '../graph/ops/reduce.ts';
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
  /** The token at which a text ends; null for the one with the highest id. The first where it is there more than once. */
  readonly endToken: number | null;
  /** Vectors of new words; ids from the vocabulary's size on stand for them. Left out: none. */
  readonly newVectors?: number;
}

/** A text encoder that sums a whole text up in one vector, too. */
export interface ProjectedClipTextConfig extends ClipTextConfig {
  /** Numbers of that vector. */
  readonly projectionSize: number;
}

/** Reads transformers' `CLIPTextModel` config. */
export function readClipTextConfig(config: unknown, source = 'text_encoder/config.json'): ClipTextConfig {
  const text = readText(new ConfigReader(config, source));
  const { eos_token_id: end } = config as { readonly eos_token_id?: unknown };
  // Only what sums a text up asks for it, so that a model without a usable one is as good.
  return { ...text, endToken: Number.isSafeInteger(end) && end !== noEnd ? (end as number) : null };
}

/** Reads transformers' `CLIPTextModelWithProjection` config. */
export function readProjectedClipTextConfig(
  config: unknown,
  source = 'text_encoder_2/config.json',
): ProjectedClipTextConfig {
  const read = new ConfigReader(config, source);
  const end = read.integer('eos_token_id', 49407);
  return {
    ...readText(read),
    projectionSize: read.integer('projection_dim', 512),
    endToken: end === noEnd ? null : end,
  };
}

function readText(read: ConfigReader): Omit<ClipTextConfig, 'endToken'> {
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

/** Published configs say 2, which is no end of a text in CLIP's vocabulary; transformers then takes the highest id. */
const noEnd = 2;

/** Large enough to make a score vanish in a softmax, and finite, so that no NaN can come of it. */
const hidden = -1e9;

const root = 'text_model';

/** The vectors of the vocabulary, [tokens, d]. */
export const tokenTableKey = `${root}.embeddings.token_embedding.weight`;

/** The vectors of new words, [vectors, d]: no part of the model itself. */
export const newWordsKey = 'new_words.weight';

/**
 * transformers' `CLIPTextModel`: token ids int64 [n, tokens] -> last hidden state [n, tokens, d], after the final
 * layer norm. A Stable Diffusion 2.x text encoder is the same with one layer fewer in its config.
 *
 *  clipSkip which layer's, as `CaptionReading` counts: the final layer norm comes after it whichever it is, as in diffusers
 */
export function clipText(model: ModelBuilder, config: ClipTextConfig, inputIds: Value, clipSkip = 1): Value {
  const end = config.layers + 1 - clipSkip;
  const rows = layers(model, config, inputIds, embed(model, config, inputIds), 0, end);
  return asTokens(finalNorm(model, config, rows), inputIds);
}

/**
 * As `clipText`, what the last layer reads: [n, tokens, d], not normalised. The last layer is no part of the model then.
 *
 *  clipSkip counted from there: 2 is what the layer before the last reads
 */
export function penultimateClipText(
  model: ModelBuilder,
  config: ClipTextConfig,
  inputIds: Value,
  clipSkip = 1,
): Value {
  return asTokens(penultimate(model, config, inputIds, clipSkip), inputIds);
}

export interface ProjectedText {
  /** As of `penultimateClipText`. */
  readonly penultimate: Value;
  /** What the whole text comes to: [n, projection size] */
  readonly pooled: Value;
}

/**
 * transformers' `CLIPTextModelWithProjection`.
 *
 * @param end one at the place of each text's end token, zero elsewhere: float32 [n, tokens]
 * @param clipSkip as of `penultimateClipText`; what the whole text comes to is always of the last layer
 */
export function projectedClipText(
  model: ModelBuilder,
  config: ProjectedClipTextConfig,
  inputIds: Value,
  end: Value,
  clipSkip = 1,
): ProjectedText {
  const before = penultimate(model, config, inputIds, clipSkip);
  const rows = layers(model, config, inputIds, before, config.layers - clipSkip, config.layers);
  const last = asTokens(finalNorm(model, config, rows), inputIds);
  const pooled = projection(model, config, stateAtEnd(last, end));
  return { penultimate: asTokens(before, inputIds), pooled };
}

/** Everything a text encoder makes of a text, as transformers gives it. */
export interface TextStates {
  /** What each layer reads, and what the last one gives, not normalised: [n, tokens, d] each. */
  readonly hidden: readonly Value[];
  /** The last, normalised. */
  readonly last: Value;
  /** That at the end of each text: [n, d] */
  readonly atEnd: Value;
}

/** transformers' `CLIPTextModel` with all its outputs; it finds the ends of texts itself. */
export function textStates(model: ModelBuilder, config: ClipTextConfig, inputIds: Value): TextStates {
  const hidden: Value[] = [];
  const keep = (rows: Value): void => {
    hidden.push(asTokens(rows, inputIds));
  };
  const rows = layers(model, config, inputIds, embed(model, config, inputIds), 0, config.layers, keep);
  keep(rows);
  const last = asTokens(finalNorm(model, config, rows), inputIds);
  return { hidden, last, atEnd: stateAtEnd(last, endOf(config, inputIds)) };
}

/** [n, d] -> [n, projection size] */
export function projection(
  model: ModelBuilder,
  { projectionSize }: ProjectedClipTextConfig,
  state: Value,
): Value {
  return linear(model, 'text_projection', state, projectionSize, { hasBias: false });
}

/** [n, tokens, d] and [n, tokens] -> [n, d], by a product, which every provider computes and differentiates as fast as it can. */
function stateAtEnd(last: Value, end: Value): Value {
  const [n, tokens, width] = last.shape as readonly [number, number, number];
  return reshape(matmul(reshape(cast(end, last.type), [n, 1, tokens]), last), [n, width]);
}

/** One at the place of each text's end token, zero elsewhere: int64 [n, tokens] -> float32 [n, tokens]. */
function endOf({ endToken, vocabularySize, newVectors = 0 }: ClipTextConfig, inputIds: Value): Value {
  const ids = narrowed(inputIds, vocabularySize + newVectors);
  const place = argMax(endToken === null ? ids : cast(equal(ids, endToken), 'int32'), 1);
  const tokens = inputIds.shape[1]!;
  const places = Array.from({ length: tokens }, (_, i) => i);
  return cast(equal(place, inputIds.graph.constant('int64', [1, tokens], places)), 'float32');
}

/** int64 below `count` as int32, looked up: WebGPU takes int64 as indices and for nothing else, casts among it. */
function narrowed(ids: Value, count: number): Value {
  const numbers = Array.from({ length: count }, (_, i) => i);
  return gather(ids.graph.constant('int32', [count], numbers), ids, 0);
}

function asTokens(rows: Value, { shape: [n, tokens] }: Value): Value {
  return reshape(rows, [n!, tokens!, rows.shape[1]!]);
}

/** [n·tokens, d] */
function embed(model: ModelBuilder, config: ClipTextConfig, inputIds: Value): Value {
  const { hiddenSize: width } = config;
  const [n, tokens] = inputIds.shape as readonly [number, number];
  const table = model.parameter(tokenTableKey, [config.vocabularySize, width], embeddingKind);
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
  const words = embedWords(model, config, table, inputIds);
  return reshape(add(words, gather(places, place, 0)), [n * tokens, width]);
}

/** [n, tokens, d]. New words are chosen by a product, which leaves the table out of their gradient. */
function embedWords(
  model: ModelBuilder,
  { vocabularySize, hiddenSize: width, newVectors = 0 }: ClipTextConfig,
  table: Value,
  inputIds: Value,
): Value {
  if (newVectors === 0) return gather(table, inputIds, 0);
  const [n, tokens] = inputIds.shape as readonly [number, number];
  const added = model.parameter(newWordsKey, [newVectors, width], embeddingKind);
  const their = Array.from({ length: newVectors }, (_, i) => vocabularySize + i);
  const ids = narrowed(inputIds, vocabularySize + newVectors);
  const chosen = cast(
    equal(reshape(ids, [n * tokens, 1]), model.graph.constant('int32', [1, newVectors], their)),
    'float32',
  );
  const isOld = reshape(sub(1, reduceSum(chosen, [1], true)), [n, tokens, 1]);
  const ofVocabulary = mul(ids, cast(reshape(isOld, [n, tokens]), 'int32'));
  const old = mul(gather(table, ofVocabulary, 0), isOld);
  return add(old, reshape(matmul(chosen, added), [n, tokens, width]));
}

function penultimate(model: ModelBuilder, config: ClipTextConfig, inputIds: Value, clipSkip: number): Value {
  return layers(model, config, inputIds, embed(model, config, inputIds), 0, config.layers - clipSkip);
}

function finalNorm(model: ModelBuilder, { epsilon }: ClipTextConfig, rows: Value): Value {
  return layerNorm(model, `${root}.final_layer_norm`, rows, epsilon);
}

/** The layers from `begin` to before `end`: rows [n·tokens, d] -> the same. */
function layers(
  model: ModelBuilder,
  config: ClipTextConfig,
  { shape }: Value,
  rows: Value,
  begin: number,
  end: number,
  onState: (rows: Value) => void = () => undefined,
): Value {
  const { hiddenSize: width, heads, epsilon } = config;
  const [n, tokens] = shape as readonly [number, number];
  const act = activation(config.activation)!;
  const mask = model.graph.constant(
    'float32',
    [tokens, tokens],
    Float32Array.from({ length: tokens * tokens }, (_, i) =>
      i % tokens > Math.floor(i / tokens) ? hidden : 0,
    ),
  );
  let x = rows;
  for (let layer = begin; layer < end; layer++) {
    const name = `${root}.encoder.layers.${layer}`;
    const before = x;
    onState(before);
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
  return x;
}
