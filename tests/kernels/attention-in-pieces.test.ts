import { describe, expect, test } from 'vitest';

import { gradients } from '../../native/autodiff/gradients.ts';
import { elementCount } from '../../native/graph/data-type.ts';
import { Graph, type Value } from '../../native/graph/graph.ts';
import { reduceSum } from '../../native/graph/ops/reduce.ts';
import { attention } from '../../native/models/layers.ts';
import { differentiate } from '../autodiff/gradient-check.ts';
import { relativeDifference } from '../graph/evaluate.ts';

const [batch, heads, width] = [2, 3, 12];
const [queries, keys] = [10, 7];
const shapes = { q: [batch * queries, width], k: [batch * keys, width], v: [batch * keys, width] };
const scores = batch * heads * queries * keys;

describe.each([
  { cut: 'into two halves of the heads', mostScores: scores / 2 },
  { cut: 'into heads in unequal groups', mostScores: 4 * queries * keys },
  { cut: 'into single heads', mostScores: queries * keys },
  { cut: 'into some queries of a head', mostScores: 3 * keys },
  { cut: 'into single queries', mostScores: 1 },
])('attention cut $cut', ({ mostScores }) => {
  const attend = ({ q, k, v }: Readonly<Record<string, Value>>, most: number): Value =>
    attention(q!, k!, v!, { batch, heads, mostScores: most });

  test('is the whole one, and so are its gradients, to 1e-5', async () => {
    const whole = await differentiate(shapes, (inputs) => attend(inputs, scores));
    const cut = await differentiate(shapes, (inputs) => attend(inputs, mostScores), whole.inputs);
    for (const name of Object.keys(shapes)) {
      expect(relativeDifference(cut.gradients[name]!, whole.gradients[name]!), name).toBeLessThanOrEqual(
        1e-5,
      );
    }
    const loss = await whole.lossAt(whole.inputs);
    expect(Math.abs((await cut.lossAt(whole.inputs)) / loss - 1)).toBeLessThanOrEqual(1e-5);
  });

  test('has no more scores in a tensor than asked for, forward and backward', () => {
    const graph = new Graph();
    const inputs = Object.fromEntries(
      Object.entries(shapes).map(([name, shape]) => [name, graph.input(name, 'float32', shape)]),
    );
    gradients(graph, reduceSum(attend(inputs, mostScores), [0, 1]), Object.values(inputs));
    const ofScores = graph.nodes
      .filter(({ op }) => op !== 'Transpose' && op !== 'Split')
      .flatMap(({ outputs }) => outputs)
      .filter(({ shape }) => shape.at(-1) === keys && shape.length === 3);
    expect(ofScores.length).toBeGreaterThan(0);
    for (const { shape } of ofScores)
      expect(elementCount(shape)).toBeLessThanOrEqual(Math.max(mostScores, keys));
  });
});
