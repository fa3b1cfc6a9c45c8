import { describe, expect, test } from 'vitest';

import { Graph } from '../../native/graph/graph.ts';
import { InputParameters } from '../../native/models/model-builder.ts';
import { upsampleBlock } from '../../native/models/resnet-block.ts';
import { evaluate } from '../graph/evaluate.ts';

/** The block with a convolution that leaves everything as it is, on a picture of one channel. */
async function upsampled(
  [h, w]: readonly [number, number],
  size?: readonly [number, number],
): Promise<{ readonly shape: readonly number[]; readonly values: readonly number[] }> {
  const graph = new Graph();
  const x = graph.input('x', 'float32', [1, 1, h, w]);
  const y = upsampleBlock(new InputParameters(graph), 'up', x, size);
  const identity = Float32Array.of(0, 0, 0, 0, 1, 0, 0, 0, 0);
  const data = new Map([
    ['x', Float32Array.from({ length: h * w }, (_, i) => i)],
    ['up.conv.weight', identity],
    ['up.conv.bias', new Float32Array(1)],
  ]);
  const found = await evaluate(graph, { y }, data);
  return { shape: y.shape, values: [...found.get('y')!] };
}

describe('twice the size', () => {
  // PyTorch's interpolate, mode nearest: output pixel i is input pixel floor(i · in / out).
  test.each([
    [[3, 4], undefined, [6, 8]],
    [
      [3, 4],
      [6, 8],
      [6, 8],
    ],
    [
      [3, 4],
      [5, 8],
      [5, 8],
    ],
    [
      [3, 4],
      [5, 7],
      [5, 7],
    ],
    [
      [1, 9],
      [1, 17],
      [1, 17],
    ],
  ] as const)('of %j is, up to %j, what PyTorch makes', async ([h, w], size, [rows, columns]) => {
    const { shape, values } = await upsampled([h, w], size);
    expect(shape).toEqual([1, 1, rows, columns]);
    const expected = Array.from({ length: rows * columns }, (_, i) => {
      const [row, column] = [Math.floor(i / columns), i % columns];
      return Math.floor((row * h) / rows) * w + Math.floor((column * w) / columns);
    });
    expect(values).toEqual(expected);
  });
});
