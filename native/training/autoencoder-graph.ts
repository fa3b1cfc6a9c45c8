import type { Autoencoder } from '../families/family.ts';
import { elementCount } from '../graph/data-type.ts';
import { Graph, type Value } from '../graph/graph.ts';
import { abs, add, exp, mul, sub } from '../graph/ops/elementwise.ts';
import { reduceSum } from '../graph/ops/reduce.ts';
import { reshape, slice } from '../graph/ops/shape.ts';
import { InputParameters } from '../models/model-builder.ts';
import type { LossGraph } from './artifacts.ts';
import type { BatchShape } from './batch-shape.ts';

export interface AutoencoderGraphOptions {
  /** Its size is that of the pictures. */
  readonly shape: BatchShape;
  readonly kl?: number;
  readonly matrixConv?: boolean;
  readonly part?: 'all' | 'decoder';
  readonly edgeWeight?: number;
}

/**
 * The autoencoder's loss, per sample the mean over its elements of absolute error, squared error and absolute error of
 * the horizontal and vertical differences (which keeps edges sharp without an adversary), plus `kl` times the KL
 * divergence of the posterior to a standard normal, in nats per latent element.
 *
 * Inputs besides parameters: `pictures` [n, 3, H, W], `noise` [n, latent channels, h, w], `loss_weights` [n].
 * With `part` 'decoder' the encoder's parameters are frozen, and `noise` is added to the latents as it is instead of in
 * deviations of the posterior. `edgeWeight` is that of the differences' error.
 */
export function buildAutoencoderGraph(
  autoencoder: Autoencoder,
  { shape, kl = 0, matrixConv = false, part = 'all', edgeWeight = 1 }: AutoencoderGraphOptions,
): LossGraph {
  const { rows: batch } = shape;
  const { height, width } = shape.size!;
  const graph = new Graph();
  const { component, factor, latentChannels } = autoencoder;
  const decoder = new InputParameters(graph, { component, trained: true, matrixConv });
  const encoder = part === 'all' ? decoder : new InputParameters(graph, { component, matrixConv });
  const pictures = graph.input('pictures', 'float32', [batch, autoencoder.pictureChannels, height, width]);
  const latentShape = [batch, latentChannels, height / factor, width / factor];
  const noise = graph.input('noise', 'float32', latentShape);
  const weights = graph.input('loss_weights', 'float32', [batch]);
  const { mean, logVariance } = autoencoder.encode(encoder, pictures);
  const added = part === 'all' ? mul(exp(mul(logVariance, 0.5)), noise) : noise;
  const decoded = autoencoder.decode(decoder, add(mean, added));

  const perSample = (x: Value): Value =>
    mul(reduceSum(reshape(x, [batch, elementCount(x.shape) / batch]), [1]), batch / elementCount(x.shape));
  const difference = sub(decoded, pictures);
  const edges = (axis: number, extent: number): Value =>
    abs(
      sub(
        slice(difference, [{ axis, begin: 1, end: extent }]),
        slice(difference, [{ axis, begin: 0, end: extent - 1 }]),
      ),
    );
  const divergence = mul(sub(add(mul(mean, mean), exp(logVariance)), add(logVariance, 1)), 0.5);
  const parts = [
    perSample(abs(difference)),
    perSample(mul(difference, difference)),
    mul(perSample(edges(2, height)), edgeWeight),
    mul(perSample(edges(3, width)), edgeWeight),
    mul(perSample(divergence), kl),
  ];
  const loss = reduceSum(mul(parts.reduce(add), weights), [0]);
  return { graph, loss, parameters: new Map([...encoder.values, ...decoder.values]) };
}
