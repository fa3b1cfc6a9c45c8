import { describe, expect, test } from 'vitest';

import { gradients } from '../../native/autodiff/gradients.ts';
import type { DataArray, DataType } from '../../native/graph/data-type.ts';
import { Graph, type Value } from '../../native/graph/graph.ts';
import { float32ToFloat16 } from '../../native/graph/half.ts';
import { inHalfPrecision } from '../../native/graph/in-half-precision.ts';
import { add, mul } from '../../native/graph/ops/elementwise.ts';
import { reduceSum } from '../../native/graph/ops/reduce.ts';
import { groupNorm, layerNorm, linear } from '../../native/models/layers.ts';
import { InputParameters } from '../../native/models/model-builder.ts';
import { normals } from '../../native/random/philox.ts';
import { evaluate, relativeDifference } from '../graph/evaluate.ts';
import type { ModelName } from '../reference/fixture.ts';
import { gradientVanishes, lossScale, squaredModel } from './squared-model.ts';

const names: readonly ModelName[] = [
  'unet-tiny',
  'unet-sd1',
  'unet-sd2',
  'clip-sd1',
  'clip-sd2',
  'clip-sdxl',
  'clip-sdxl-projected',
  'vae-2-levels',
  'vae-3-levels',
];

/** A reference model's outputs, and the gradients of their mean square by its parameters. */
async function computed(name: ModelName, type: 'float16' | 'float32') {
  const { model, wrt, gradientOf } = await squaredModel(name, type);
  const { graph, outputs, data, fixture } = model;
  const results = await evaluate(graph, { ...outputs, ...gradientOf }, data);
  return { graph, wrt, results, outputs: Object.keys(outputs), fixture };
}

describe.each(names)('%s in float16', (name) => {
  test('gives what the float32 reference gives, within 2e-3, and gradients within 1e-2', async () => {
    const [half, single] = [await computed(name, 'float16'), await computed(name, 'float32')];
    for (const key of half.outputs) {
      const expected = half.fixture.outputs.get(key)!.data as Float32Array;
      // A rounding is 2^-11 = 4.9e-4 of a number; those of the many layers are as often up as down.
      expect(relativeDifference(half.results.get(key)!, expected), key).toBeLessThan(2e-3);
    }
    for (const key of half.wrt.keys()) {
      const [found, expected] = [half.results.get(key)!, single.results.get(key)!];
      if (gradientVanishes(key)) {
        expect(Math.max(...found.map(Math.abs)) / lossScale, key).toBeLessThan(1e-4);
      } else {
        expect(relativeDifference(found, expected), key).toBeLessThan(1e-2);
      }
    }
  });

  test('has its parameters and products in float16, its softmaxes and sums in float32', async () => {
    const { graph, wrt } = await computed(name, 'float16');
    expect(new Set([...wrt.values()].map(({ type }) => type))).toEqual(new Set(['float16']));
    expect(typesIn(graph, 'Conv', 'Gemm', 'LayerNormalization')).toEqual(new Set(['float16']));
    expect(typesIn(graph, 'Softmax', 'ReduceSum', 'ReduceMean')).toEqual(new Set(['float32']));
  });
});

type Norm = (model: InputParameters, x: Value) => Value;
const norms: readonly (readonly [string, readonly number[], Norm])[] = [
  ['group norm', [1, 4, 128, 128], (model, x) => groupNorm(model, 'norm', x, 2, 1e-5)],
  ['layer norm', [20_000, 8], (model, x) => layerNorm(model, 'norm', x, 1e-5)],
];

describe.each(norms)('the gradient of a %s in float16', (_, shape, norm) => {
  async function gradientsIn(type: 'float16' | 'float32'): Promise<ReadonlyMap<string, Float32Array>> {
    const single = new Graph();
    const x = single.input('x', 'float32', shape);
    const model = new InputParameters(single);
    // Gradients of 8 in front of the norm: their sums over all pixels or rows are more than 65,504, and 160,000 of them.
    const y = norm(model, x);
    const loss = reduceSum(mul(y, add(mul(y, 0.25), 8)), [...shape.keys()]);
    const wrt = [x, ...model.values.values()];
    const results = gradients(single, loss, wrt);
    const { graph, found } = inPrecision(type, single, results, wrt);
    if (type === 'float16') expect(typesIn(graph, 'LayerNormalization')).toEqual(new Set(['float16']));
    const count = shape.reduce((a, b) => a * b);
    const given = (values: Float32Array<ArrayBuffer>): DataArray =>
      type === 'float16' ? float32ToFloat16(values) : values;
    const numbers = (values: readonly number[]): DataArray => given(Float32Array.from(values));
    const size = model.parameters[0]!.shape[0]!;
    const data = new Map<string, DataArray>([
      ['x', given(normals(1, 'noise', 0, 0, new Float32Array(count)))],
      ['norm.weight', numbers(Array.from({ length: size }, (__, i) => 1 + i / 8))],
      ['norm.bias', numbers(Array.from({ length: size }, (__, i) => i / 8))],
    ]);
    return evaluate(graph, Object.fromEntries(wrt.map(({ name }, i) => [name, found[i]!])), data);
  }

  test('has its means and sums taken in float32, which float16 could not hold', async () => {
    const [half, single] = [await gradientsIn('float16'), await gradientsIn('float32')];
    // Of the gradient by x little more than the sixteenth part is left once the norm has taken its means off it.
    for (const [name, expected] of single)
      expect(relativeDifference(half.get(name)!, expected), name).toBeLessThan(1e-2);
  });
});

/** A graph as it is or in half precision, with these inputs float16, and what became of its results. */
function inPrecision(
  type: 'float16' | 'float32',
  graph: Graph,
  results: readonly Value[],
  inputs: readonly Value[],
): { readonly graph: Graph; readonly found: readonly Value[] } {
  if (type === 'float32') return { graph, found: results };
  const half = inHalfPrecision(graph, { results, halfInputs: new Set(inputs) });
  return { graph: half.graph, found: results.map(half.valueOf) };
}

function typesIn(graph: Graph, ...ops: readonly string[]): ReadonlySet<DataType> {
  return new Set(
    graph.nodes.filter(({ op }) => ops.includes(op)).map(({ outputs: [output] }) => output!.type),
  );
}

test('an adapter in float32 adds to a layer in float16 what it adds to one in float32', async () => {
  const added = async (type: 'float16' | 'float32'): Promise<Float32Array> => {
    const single = new Graph();
    const [down, up] = [single.input('down', 'float32', [2, 16]), single.input('up', 'float32', [8, 2])];
    const model = new InputParameters(single, { adapter: () => ({ down, up, scale: 0.5 }) });
    const x = single.input('x', 'float32', [4, 16]);
    const output = linear(model, 'layer', x, 8, { hasBias: false });
    const loss = reduceSum(mul(output, output), [0, 1]);
    const wanted = [output, ...gradients(single, loss, [down])];
    const { graph, found } = inPrecision(type, single, wanted, [...model.values.values()]);
    const [y, gradient] = found;
    expect(typesIn(graph, 'Gemm')).toEqual(new Set([type]));
    expect(gradient!.type).toBe('float32');
    const drawn = (index: number, length: number) => normals(2, 'noise', 0, index, new Float32Array(length));
    const weight = drawn(3, 128);
    const results = await evaluate(
      graph,
      { y: y!, gradient: gradient! },
      new Map<string, DataArray>([
        ['x', drawn(0, 64)],
        ['down', drawn(1, 32)],
        ['up', drawn(2, 16)],
        ['layer.weight', type === 'float16' ? float32ToFloat16(weight) : weight],
      ]),
    );
    return Float32Array.of(...results.get('y')!, ...results.get('gradient')!);
  };
  expect(relativeDifference(await added('float16'), await added('float32'))).toBeLessThan(2e-3);
});
