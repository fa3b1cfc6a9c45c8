import type { Value } from '../graph.ts';

/** Nearest neighbour, each pixel becoming a block of `factor` x `factor`: [n, c, h, w] -> [n, c, fh, fw]. */
export function upsampleNearest(x: Value, factor: number): Value {
  const [n, c, h, w] = x.shape as readonly [number, number, number, number];
  const scales = x.graph.constant('float32', [4], [1, 1, factor, factor]);
  const attributes = {
    mode: { string: 'nearest' },
    coordinate_transformation_mode: { string: 'asymmetric' },
    nearest_mode: { string: 'floor' },
  };
  const shape = [n, c, h * factor, w * factor];
  return x.graph.node('Resize', [x, null, scales], attributes, [{ type: x.type, shape }])[0]!;
}

/** Mean of each `factor` x `factor` block: [n, c, fh, fw] -> [n, c, h, w]. */
export function averagePool(x: Value, factor: number): Value {
  const [n, c, h, w] = x.shape as readonly [number, number, number, number];
  const attributes = { kernel_shape: { ints: [factor, factor] }, strides: { ints: [factor, factor] } };
  return x.graph.node('AveragePool', [x], attributes, [
    { type: x.type, shape: [n, c, h / factor, w / factor] },
  ])[0]!;
}
