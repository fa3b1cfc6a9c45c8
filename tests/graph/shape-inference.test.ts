import { describe, expect, test } from 'vitest';

import { Graph, type Value } from '../../native/graph/graph.ts';
import { conv, convTranspose } from '../../native/graph/ops/conv.ts';
import { add, broadcastShape, clip, exp, greater, sub } from '../../native/graph/ops/elementwise.ts';
import { gemm, matmul } from '../../native/graph/ops/matmul.ts';
import { layerNormalization } from '../../native/graph/ops/norm.ts';
import { concat, gather, pad, reshape, slice, split, transpose } from '../../native/graph/ops/shape.ts';

const padding = [1, 1, 1, 1] as const;

function values(...shapes: (readonly number[])[]): Value[] {
  const graph = new Graph();
  return shapes.map((shape, i) => graph.input(`input_${i}`, 'float32', shape));
}

describe('shapes', () => {
  test('broadcast as in NumPy', () => {
    expect(broadcastShape([4, 1, 3], [2, 1])).toEqual([4, 2, 3]);
    expect(broadcastShape([], [2])).toEqual([2]);
    expect(() => broadcastShape([2, 3], [2])).toThrow('The shapes [2, 3] and [2] do not broadcast.');
  });

  test('of a convolution follow kernel, stride and padding, and its transpose gives them back', () => {
    const [x, weight] = values([1, 2, 7, 8], [4, 2, 3, 3]) as [Value, Value];
    const y = conv(x, weight, null, { stride: 2, padding });
    expect(y.shape).toEqual([1, 4, 4, 4]);
    expect(convTranspose(y, weight, { stride: 2, padding }, [7, 8]).shape).toEqual(x.shape);
  });

  test('of products, joins and cuts are known while the graph is built', () => {
    const [a, b] = values([2, 3, 4], [4, 5]) as [Value, Value];
    expect(matmul(a, b).shape).toEqual([2, 3, 5]);
    expect(concat([a, a], 1).shape).toEqual([2, 6, 4]);
    expect(split(a, [1, 2], 1).map(({ shape }) => shape)).toEqual([
      [2, 1, 4],
      [2, 2, 4],
    ]);
    expect(slice(a, [{ axis: 2, begin: 0, end: 4, step: 3 }]).shape).toEqual([2, 3, 2]);
    expect(pad(a, [0, 1, 0], [0, 0, 2]).shape).toEqual([2, 4, 6]);
    expect(gather(a, a.graph.constant('int64', [5, 1], [0, 1, 0, 1, 0]), 0).shape).toEqual([5, 1, 3, 4]);
    expect(transpose(a, [2, 0, 1]).shape).toEqual([4, 2, 3]);
  });
});

describe('what does not fit is refused where it is built', () => {
  const refused: readonly (readonly [string, () => unknown, string])[] = [
    [
      'a product',
      () => {
        const [a, b] = values([2, 3], [2, 3]) as [Value, Value];
        return matmul(a, b);
      },
      'MatMul: [2, 3] and [2, 3] do not multiply.',
    ],
    [
      'a Gemm of a transposed matrix',
      () => {
        const [a, b] = values([2, 3], [3, 2]) as [Value, Value];
        return gemm(a, b, null, { transA: true });
      },
      'Gemm: [2, 3] and [3, 2] do not multiply.',
    ],
    [
      'a convolution of other channels',
      () => {
        const [x, weight] = values([1, 3, 4, 4], [2, 4, 3, 3]) as [Value, Value];
        return conv(x, weight, null, { padding });
      },
      'Conv: [1, 3, 4, 4] does not fit a weight [2, 4, 3, 3].',
    ],
    [
      'a reshape',
      () => reshape(values([2, 3])[0]!, [4]),
      'input_0 of shape [2, 3] cannot be reshaped to [4].',
    ],
    [
      'a transpose of other rank',
      () => transpose(values([2, 3])[0]!, [0, 1, 2]),
      'cannot be transposed by [0, 1, 2]',
    ],
    [
      'a transpose that repeats an axis',
      () => transpose(values([2, 3])[0]!, [0, 0]),
      'cannot be transposed by [0, 0]',
    ],
    ['a join', () => concat(values([2, 3], [2, 4]), 0), 'Concat on axis 0: [2, 4] does not fit [2, 3].'],
    ['a cut', () => split(values([2, 3])[0]!, [1, 1], 1), 'axis 1 of [2, 3] cannot be split into 1 + 1.'],
    [
      'a slice past the end',
      () => slice(values([2, 3])[0]!, [{ axis: 1, begin: 1, end: 4 }]),
      'the slice 1:4:1 leaves axis 1 of [2, 3]',
    ],
    [
      'a mixture of types',
      () => {
        const graph = new Graph();
        return add(graph.input('a', 'float32', [2]), graph.input('b', 'int64', [2]));
      },
      'Add: a is float32 and b is int64.',
    ],
    [
      'a product of two types',
      () => {
        const graph = new Graph();
        return matmul(graph.input('a', 'float32', [2, 2]), graph.input('b', 'float16', [2, 2]));
      },
      'MatMul: a is float32 and b is float16.',
    ],
    [
      'a convolution with a weight of another type',
      () => {
        const graph = new Graph();
        const [x, weight] = [
          graph.input('x', 'float16', [1, 2, 4, 4]),
          graph.input('w', 'float32', [2, 2, 3, 3]),
        ];
        return conv(x, weight, null, { padding });
      },
      'Conv: x is float16 and w is float32.',
    ],
    [
      'a mixture of graphs',
      () => add(values([2])[0]!, values([2])[0]!),
      'Add: the input input_0 belongs to another graph.',
    ],
    [
      'a name used twice',
      () => {
        const graph = new Graph();
        graph.input('x', 'float32', [1]);
        return graph.input('x', 'float32', [1]);
      },
      'The name x is used twice in one graph.',
    ],
    [
      'a constant with elements missing',
      () => new Graph().constant('float32', [2, 2], [1, 2, 3]),
      'A constant of shape [2, 2] was given 3 elements.',
    ],
    [
      'an extent that is no whole number',
      () => new Graph().input('x', 'float32', [1.5]),
      'x would have the shape [1.5].',
    ],
  ];

  test.each(refused)('%s', (_, build, message) => {
    expect(build).toThrow(message);
  });
});

describe('a graph', () => {
  test('keeps equal constants once', () => {
    const graph = new Graph();
    expect(graph.scalar('float32', 2)).toBe(graph.scalar('float32', 2));
    expect(graph.filled('float32', [1000], 1)).toBe(graph.filled('float32', [1000], 1));
    expect(graph.scalar('float32', 2)).not.toBe(graph.constant('float32', [1], [2]));
  });

  test('has scalars, filled tensors and numbers in the type asked for', () => {
    const graph = new Graph();
    const bits = (value: Value) => [...graph.constants.get(value.name)!.data];
    expect(graph.scalar('float16', 1.5).type).toBe('float16');
    expect(bits(graph.scalar('float16', 1.5))).toEqual([0x3e00]);
    expect(bits(graph.constant('float16', [2], [1 / 3, 1e6]))).toEqual([0x3555, 0x7c00]);
    expect(bits(graph.filled('float16', [3], -2))).toEqual([0xc000, 0xc000, 0xc000]);
    expect(bits(graph.filled('int64', [2], 7))).toEqual([7n, 7n]);
    expect(graph.scalar('float16', 2)).not.toBe(graph.scalar('float32', 2));
    expect(graph.filled('float16', [1000], 1)).not.toBe(graph.filled('float32', [1000], 1));
  });

  test('gives a number the type of the other operand', () => {
    const graph = new Graph();
    const half = graph.input('half', 'float16', [2]);
    const count = graph.input('count', 'int64', [2]);
    expect([add(half, 0.5).type, sub(1, half).type, clip(half, 0, 1).type]).toEqual(
      Array.from({ length: 3 }, () => 'float16'),
    );
    expect(add(count, 1).type).toBe('int64');
    expect(greater(half, 0.5).type).toBe('bool');
  });

  test('has statistics of a normalisation in float32 whatever is normalised', () => {
    const graph = new Graph();
    const x = graph.input('x', 'float16', [2, 4]);
    const normalized = layerNormalization(x, graph.filled('float16', [4], 1), null, 1e-5);
    expect([normalized.output, normalized.mean, normalized.inverseDeviation].map(({ type }) => type)).toEqual(
      ['float16', 'float32', 'float32'],
    );
  });

  test('names nodes after where in the model they are', () => {
    const graph = new Graph();
    const x = graph.input('x', 'float32', [1]);
    const y = graph.scoped('down', () => graph.scoped('resnets.0', () => exp(x)));
    expect(y.name).toBe('down/resnets.0/Exp_0');
    expect(exp(x).name).toBe('Exp_1');
  });
});
