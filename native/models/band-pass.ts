import { type Graph, type Value } from '../graph/graph.ts';
import { add, mul, sub } from '../graph/ops/elementwise.ts';
import { reduceMean, reduceSumSquare } from '../graph/ops/reduce.ts';
import { upsampleNearest } from '../graph/ops/resample.ts';
import { concat, reshape, slice } from '../graph/ops/shape.ts';
import { silu } from './activations.ts';
import type { Layer } from './layer-stack.ts';
import { conv2d, normalizedBy } from './layers.ts';
import type { ModelBuilder } from './model-builder.ts';

/** A convolution and what belongs to it: what can be computed of a band of rows once the norms' sums over all rows are known. */
export interface BandPass {
  /** Norm and SiLU before it. */
  readonly norm: string | null;
  readonly conv: string;
  /** Of what comes out. */
  readonly channels: number;
  readonly kernel: 1 | 3;
  /** To twice or half the size. */
  readonly resample: 'up' | 'down' | null;
  /** Whether what the layer was given is added, through that 1x1 convolution where it has other channels. */
  readonly skip: { readonly shortcut: string } | null;
}

/** A layer as passes; `channels` are those it is given. Null of one that looks at all pixels at once. */
export function passesOf(layer: Layer, channels: number): readonly BandPass[] | null {
  const plain = { norm: null, kernel: 3, resample: null, skip: null } as const;
  switch (layer.kind) {
    case 'attention':
      return null;
    case 'conv':
      return [{ ...plain, conv: layer.name, channels: layer.channels, kernel: layer.kernel }];
    case 'norm-conv':
      return [{ ...plain, norm: layer.norm, conv: layer.conv, channels: layer.channels }];
    case 'upsample':
      return [{ ...plain, conv: `${layer.name}.conv`, channels, resample: 'up' }];
    case 'downsample':
      return [{ ...plain, conv: `${layer.name}.conv`, channels, resample: 'down' }];
    case 'resnet': {
      const { name } = layer;
      const skip = { shortcut: `${name}.conv_shortcut` };
      return [
        { ...plain, norm: `${name}.norm1`, conv: `${name}.conv1`, channels: layer.channels },
        { ...plain, norm: `${name}.norm2`, conv: `${name}.conv2`, channels: layer.channels, skip },
      ];
    }
  }
}

/** A band [1, c, h, w] and its neighbours. */
export interface BandShapes {
  readonly above: readonly number[];
  readonly band: readonly number[];
  readonly below: readonly number[];
  /** Of what a skip adds. */
  readonly skip: readonly number[] | null;
}

/**
 * The graph of one pass over one band. It reads a row more of the bands above and below; where there is none, `hasAbove` or
 * `hasBelow` is 0 and any tensor of that shape will do.
 */
export function buildBandPass(
  model: ModelBuilder,
  graph: Graph,
  pass: BandPass,
  shapes: BandShapes,
): Readonly<Record<string, Value>> {
  const band = graph.input('band', 'float32', shapes.band);
  const channels = band.shape[1]!;
  const given = (name: string) => graph.input(name, 'float32', [1, channels, 1, 1]);
  const statistics = pass.norm ? { mean: given('mean'), inverse: given('inverse') } : null;
  const prepared = (x: Value): Value => {
    const normalized = pass.norm && statistics ? silu(normalizedBy(model, pass.norm, x, statistics)) : x;
    return pass.resample === 'up' ? upsampleNearest(normalized, 2) : normalized;
  };
  let output = bandConv(model, graph, pass, band, shapes, prepared);
  if (pass.skip) {
    const skip = graph.input('skip', 'float32', shapes.skip!);
    const wide = skip.shape[1] === pass.channels;
    output = add(wide ? skip : conv2d(model, pass.skip.shortcut, skip, pass.channels, 1), output);
  }
  return { output, ...bandStatistics(output) };
}

function bandConv(
  model: ModelBuilder,
  graph: Graph,
  { conv, channels, kernel, resample }: BandPass,
  band: Value,
  shapes: BandShapes,
  prepared: (x: Value) => Value,
): Value {
  if (kernel === 1) return conv2d(model, conv, prepared(band), channels, 1);
  /** The neighbour's row that touches the band; zeros where the picture ends, as a convolution pads. */
  const row = (name: 'above' | 'below'): Value => {
    const neighbour = graph.input(name, 'float32', shapes[name]);
    const last = name === 'above';
    const touching = prepared(slice(neighbour, [oneRow(neighbour, last)]));
    const here = graph.input(last ? 'hasAbove' : 'hasBelow', 'float32', [1]);
    return mul(slice(touching, [oneRow(touching, last)]), reshape(here, [1, 1, 1, 1]));
  };
  if (resample === 'down') {
    const rows = concat([prepared(band), row('below')], 2);
    return conv2d(model, conv, rows, channels, 3, { stride: 2, padding: [0, 0, 0, 1] });
  }
  const rows = concat([row('above'), prepared(band), row('below')], 2);
  return conv2d(model, conv, rows, channels, 3, { padding: [0, 1, 0, 1] });
}

function oneRow({ shape }: Value, last: boolean): { axis: number; begin: number; end: number } {
  const begin = last ? shape[2]! - 1 : 0;
  return { axis: 2, begin, end: begin + 1 };
}

/** Of each channel of [1, c, h, w]: mean, and sum of the squares of what differs from it; both [c]. */
export function bandStatistics(band: Value): Readonly<Record<'means' | 'squares', Value>> {
  const means = reduceMean(band, [2, 3], true);
  return {
    means: reshape(means, [band.shape[1]!]),
    squares: reshape(reduceSumSquare(sub(band, means), [2, 3]), [band.shape[1]!]),
  };
}
