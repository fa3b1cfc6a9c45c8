import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, test } from 'vitest';

import { type FreeSize, withFreeSizes } from '../../native/graph/free-sizes.ts';
import { Graph, type Value } from '../../native/graph/graph.ts';
import { add, mul } from '../../native/graph/ops/elementwise.ts';
import { averagePool } from '../../native/graph/ops/resample.ts';
import { reshape } from '../../native/graph/ops/shape.ts';
import { serializeModel } from '../../native/graph/serialize.ts';

const free: readonly FreeSize[] = [
  { name: 'n', input: 'x', axis: 0, multiple: 1 },
  { name: 'height', input: 'x', axis: 2, multiple: 2 },
];

/** Builds on x [n, 3, height, 4]. */
function freed(build: (x: Value) => Value) {
  return withFreeSizes(free, ([n, height]) => {
    const graph = new Graph();
    return { graph, outputs: { y: build(graph.input('x', 'float32', [n!, 3, height!, 4])) } };
  });
}

async function run(build: (x: Value) => Value, n: number, height: number) {
  const { graph, outputs, axes } = freed(build);
  const session = await InferenceSession.create(serializeModel(graph, outputs, { axes }).model);
  const x = Float32Array.from({ length: n * 3 * height * 4 }, (_, i) => i);
  const { y } = await session.run({ x: new Tensor('float32', x, [n, 3, height, 4]) });
  await session.release();
  return { x, y: y! };
}

describe('a graph with free sizes', () => {
  test('computes new shapes of several sizes when it runs', async () => {
    const { x, y } = await run(
      (value) => {
        const [n, c, h, w] = value.shape as [number, number, number, number];
        return reshape(value, [n, c, h / 2, 2 * w]);
      },
      5,
      14,
    );
    expect([...y.dims]).toEqual([5, 3, 7, 8]);
    expect(y.data).toEqual(x);
  });

  test('fills what has a size when it runs', async () => {
    const { x, y } = await run((value) => mul(value, value.graph.filled('float32', value.shape, 2)), 4, 6);
    expect(y.data).toEqual(x.map((number) => 2 * number));
  });

  test('says which axes are free, and how they follow from one another', () => {
    const { axes } = freed((x) => averagePool(x, 2));
    expect(axes).toEqual({ x: ['n', 3, 'height', 4], y: ['n', 3, 'height / 2', 2] });
  });

  test('is refused where nodes or numbers are made for one size alone', () => {
    expect(() => freed((x) => (x.shape[2]! > 2 ? add(x, 1) : mul(x, 1)))).toThrow(
      /other nodes for other sizes/,
    );
    expect(() =>
      freed((x) =>
        add(
          x,
          x.graph.constant(
            'float32',
            [x.shape[2]!, 1],
            Array.from({ length: x.shape[2]! }, (_, i) => i),
          ),
        ),
      ),
    ).toThrow(/differ from size to size/);
    expect(() => freed((x) => reshape(x, [x.shape[0]!, 3, (x.shape[2]! + 2) / 2, 4]))).toThrow();
  });
});
