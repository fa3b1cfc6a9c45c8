import { describe, expect, test } from 'vitest';

import { gradients } from '../../native/autodiff/gradients.ts';
import { mergeRules } from '../../native/autodiff/rule.ts';
import { unbroadcast } from '../../native/autodiff/unbroadcast.ts';
import { Graph } from '../../native/graph/graph.ts';
import { add, exp, mul, sin } from '../../native/graph/ops/elementwise.ts';
import { reduceSum } from '../../native/graph/ops/reduce.ts';
import { gather } from '../../native/graph/ops/shape.ts';
import { evaluate } from '../graph/evaluate.ts';

const data = new Map([['x', Float32Array.of(1, 2, 3)]]);

describe('gradients', () => {
  test('names operator and node where an operator has no rule', () => {
    const graph = new Graph();
    const x = graph.input('x', 'float32', [3]);
    const [y] = graph.scoped('down_blocks.0', () =>
      graph.node('HardSwish', [x], {}, [{ type: 'float32', shape: [3] }]),
    );
    expect(() => gradients(graph, reduceSum(y!, [0]), [x])).toThrow(
      'The operator HardSwish has no gradient rule (node down_blocks.0/HardSwish_0).',
    );
  });

  test('asks for no rule off the way from the loss to what is wanted', () => {
    const graph = new Graph();
    const [x, other] = [graph.input('x', 'float32', [3]), graph.input('other', 'float32', [3])];
    const [odd] = graph.node('HardSwish', [other], {}, [{ type: 'float32', shape: [3] }]);
    expect(() => gradients(graph, reduceSum(mul(x, odd!), [0]), [x])).not.toThrow();
  });

  test('differentiates scalars only', () => {
    const graph = new Graph();
    const x = graph.input('x', 'float32', [3]);
    expect(() => gradients(graph, exp(x), [x])).toThrow('Only a scalar can be differentiated, not [3].');
  });

  test('is zero for a value the loss does not depend on', async () => {
    const graph = new Graph();
    const x = graph.input('x', 'float32', [3]);
    const unused = graph.input('unused', 'float32', [2]);
    const [dx, dUnused] = gradients(graph, reduceSum(x, [0]), [x, unused]);
    const results = await evaluate(
      graph,
      { dx: dx!, dUnused: dUnused! },
      new Map([...data, ['unused', Float32Array.of(1, 1)]]),
    );
    expect([...results.get('dx')!]).toEqual([1, 1, 1]);
    expect([...results.get('dUnused')!]).toEqual([0, 0]);
  });

  test('adds up over every way, and scales by the seed', async () => {
    const graph = new Graph();
    const x = graph.input('x', 'float32', [3]);
    const [dx] = gradients(graph, reduceSum(add(mul(x, x), mul(x, 5)), [0]), [x], { seed: 10 });
    expect([...(await evaluate(graph, { dx: dx! }, data)).get('dx')!]).toEqual([70, 90, 110]);
  });

  test('adds up the rows that were picked by ScatterND or, in one order everywhere, by a product', async () => {
    const inputs = new Map([['table', Float32Array.from({ length: 8 }, (_, i) => i)]]);
    const [scattered, product] = await Promise.all(
      [true, false].map(async (scatters) => {
        const graph = new Graph();
        const table = graph.input('table', 'float32', [4, 2]);
        const picked = gather(table, graph.constant('int64', [2, 2], [3, 0, 3, 1]), 0);
        const weights = graph.constant('float32', [2, 2, 2], [1, 2, 3, 4, 5, 6, 7, 8]);
        const [dTable] = gradients(graph, reduceSum(mul(picked, weights), [0, 1, 2]), [table], { scatters });
        expect(graph.nodes.some(({ op }) => op === 'ScatterND')).toBe(scatters);
        return (await evaluate(graph, { dTable: dTable! }, inputs)).get('dTable')!;
      }),
    );
    expect([...scattered!]).toEqual([3, 4, 7, 8, 0, 0, 6, 8]);
    expect(product).toEqual(scattered);
  });

  test('takes a block by its own gradient and not by those of its nodes', async () => {
    const graph = new Graph();
    const x = graph.input('x', 'float32', [3]);
    const [y] = graph.block([x], () => ({ outputs: [sin(exp(x))], gradient: ([dy]) => [mul(dy!, 42)] }));
    const [dx] = gradients(graph, reduceSum(y!, [0]), [x]);
    expect([...(await evaluate(graph, { dx: dx! }, data)).get('dx')!]).toEqual([42, 42, 42]);
  });
});

describe('unbroadcast', () => {
  test('sums over axes that were added or stretched, and over no other', async () => {
    const graph = new Graph();
    const gradient = graph.constant(
      'float32',
      [2, 2, 3],
      Array.from({ length: 12 }, (_, i) => i),
    );
    const results = await evaluate(
      graph,
      {
        same: unbroadcast(mul(gradient, 1), [2, 2, 3]),
        inner: unbroadcast(gradient, [2, 1]),
        outer: unbroadcast(gradient, [3]),
        all: unbroadcast(gradient, []),
      },
      new Map(),
    );
    expect([...results.get('same')!]).toEqual(Array.from({ length: 12 }, (_, i) => i));
    expect([...results.get('inner')!]).toEqual([0 + 1 + 2 + 6 + 7 + 8, 3 + 4 + 5 + 9 + 10 + 11]);
    expect([...results.get('outer')!]).toEqual([0 + 3 + 6 + 9, 1 + 4 + 7 + 10, 2 + 5 + 8 + 11]);
    expect([...results.get('all')!]).toEqual([66]);
  });
});

describe('rule tables', () => {
  test('may not name an operator twice', () => {
    const table = { Add: () => [null] };
    expect(() => mergeRules([table, { Sub: () => [null] }, table])).toThrow(
      'The operator Add has two gradient rules.',
    );
  });
});
