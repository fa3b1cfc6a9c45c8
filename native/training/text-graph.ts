import type { Conditioning } from '../families/family.ts';
import { Graph } from '../graph/graph.ts';
import { add, mul, sub } from '../graph/ops/elementwise.ts';
import { reduceSum } from '../graph/ops/reduce.ts';
import { gather, reshape } from '../graph/ops/shape.ts';
import { silu } from '../models/activations.ts';
import { attention, layerNorm, linear } from '../models/layers.ts';
import { InputParameters } from '../models/model-builder.ts';
import { embeddingKind } from '../models/parameter.ts';
import type { LossGraph } from './artifacts.ts';

/** Edge of the thumbnail a caption is to tell, and of the patches of it that the head draws. */
const thumbnail = 16;
const patch = 2;
export const places = (thumbnail / patch) ** 2;
export const patchSize = 3 * patch * patch;
const heads = 8;

/** The part of the graph that draws; it is trained along and kept nowhere. */
const headComponent = 'head';

/**
 * How far a caption tells its picture: the mean squared error of a thumbnail of 16x16 pixels, drawn from the encoders' first
 * states [tokens, d] by one cross-attention per patch and a small network, which is how a UNet reads them later. Inputs
 * besides parameters: the encoders' tokens, `thumbnails` [n, 64, 12] as `thumbnailOf` makes them, `loss_weights` [n].
 */
export function buildTextGraph(
  conditioning: Pick<Conditioning, 'tokens' | 'states' | 'encode'>,
  batch: number,
): LossGraph {
  const graph = new Graph();
  const builders = new Map<string, InputParameters>();
  const builder = (component: string): InputParameters => {
    const known = builders.get(component);
    if (known) return known;
    const made = new InputParameters(graph, { component, prefix: `${component}.`, trained: true });
    builders.set(component, made);
    return made;
  };
  const [read, { shape }] = Object.entries(conditioning.states)[0]!;
  const [tokens, width] = shape as readonly [number, number];
  const thumbnails = graph.input('thumbnails', 'float32', [batch, places, patchSize]);
  const weights = graph.input('loss_weights', 'float32', [batch]);
  const given = Object.entries(conditioning.tokens).map(
    ([name, row]) => [name, graph.input(name, row.type, [batch, ...row.shape])] as const,
  );
  const encoded = conditioning.encode(builder, Object.fromEntries(given));
  const states = reshape(encoded[read]!, [batch * tokens, width]);

  const head = builder(headComponent);
  const indices = Array.from({ length: batch * places }, (_, i) => i % places);
  const table = head.parameter('place_embedding.weight', [places, width], embeddingKind);
  const queries = gather(table, graph.constant('int64', [indices.length], indices), 0);
  const keys = linear(head, 'to_k', states, width, { hasBias: false });
  const values = linear(head, 'to_v', states, width, { hasBias: false });
  const attended = attention(queries, keys, values, { batch, heads });
  const hidden = silu(linear(head, 'fc1', layerNorm(head, 'norm', add(attended, queries), 1e-5), 2 * width));
  const drawn = reshape(linear(head, 'fc2', hidden, patchSize), thumbnails.shape);

  const difference = sub(drawn, thumbnails);
  const errors = reduceSum(mul(difference, difference), [1, 2]);
  const loss = reduceSum(mul(errors, mul(weights, 1 / (places * patchSize))), [0]);
  const parameters = new Map([...builders.values()].flatMap(({ values: own }) => [...own]));
  return { graph, loss, parameters };
}

/** Means of equal squares of a picture [3, h, w], patch by patch: [64, 12], within a patch by channel, row, column. */
export function thumbnailOf(
  picture: Float32Array,
  { width, height }: { readonly width: number; readonly height: number },
): Float32Array<ArrayBuffer> {
  const sums = new Float32Array(places * patchSize);
  const [columns, rows] = [width / thumbnail, height / thumbnail];
  for (let c = 0; c < 3; c++) {
    for (let y = 0; y < height; y++) {
      const row = Math.floor(y / rows);
      for (let x = 0; x < width; x++) {
        const column = Math.floor(x / columns);
        const place = Math.floor(row / patch) * (thumbnail / patch) + Math.floor(column / patch);
        const within = (c * patch + (row % patch)) * patch + (column % patch);
        sums[place * patchSize + within]! += picture[(c * height + y) * width + x]!;
      }
    }
  }
  return sums.map((sum) => sum / (rows * columns));
}
