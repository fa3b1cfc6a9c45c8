import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { fromBinary } from '@bufbuild/protobuf';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, test } from 'vitest';

import { Graph, type Value } from '../../native/graph/graph.ts';
import { ModelProtoSchema } from '../../native/graph/onnx_pb.js';
import { add, cast, exp, mul } from '../../native/graph/ops/elementwise.ts';
import { layerNormalization } from '../../native/graph/ops/norm.ts';
import { opset } from '../../native/graph/opset.ts';
import { liveNodes, serializeModel } from '../../native/graph/serialize.ts';
import { evaluate } from './evaluate.ts';

function small() {
  const graph = new Graph();
  const x = graph.input('x', 'float32', [4]);
  const large = graph.constant('float32', [4], [10, 20, 30, 40]);
  return { graph, x, y: add(mul(x, large), 0.5) };
}

const x = Float32Array.of(1, 2, 3, 4);
const expected = [10.5, 40.5, 90.5, 160.5];

describe('a serialized graph', () => {
  test('computes what was built', async () => {
    const { graph, y } = small();
    expect([...(await evaluate(graph, { y }, new Map([['x', x]]))).get('y')!]).toEqual(expected);
  });

  test('declares standard operators of one opset, its inputs and its outputs by name', () => {
    const { graph, y } = small();
    const model = fromBinary(ModelProtoSchema, serializeModel(graph, { prediction: y }).model);
    expect(model.opsetImport.map(({ domain, version }) => [domain, version])).toEqual([['', BigInt(opset)]]);
    expect(model.graph?.input.map(({ name }) => name)).toEqual(['x']);
    expect(model.graph?.output.map(({ name }) => name)).toEqual(['prediction']);
  });

  test('drops nodes and constants that no output needs, and keeps every input', () => {
    const { graph, x: input, y } = small();
    const unused = graph.input('unused', 'float32', [2]);
    exp(mul(unused, graph.constant('float32', [2], [7, 8])));
    exp(input);
    expect(liveNodes(graph, [y]).map(({ op }) => op)).toEqual(['Mul', 'Add']);
    const model = fromBinary(ModelProtoSchema, serializeModel(graph, { y }).model).graph!;
    expect(model.node.map(({ opType }) => opType)).toEqual(['Mul', 'Add']);
    expect(model.initializer).toHaveLength(2);
    expect(model.input.map(({ name }) => name)).toEqual(['x', 'unused']);
  });

  test('declares of optional outputs those that are read, under the names they have', () => {
    const graph = new Graph();
    const x = graph.input('x', 'float32', [2, 4]);
    const ones = graph.filled('float32', [4], 1);
    const { output, mean, inverseDeviation } = layerNormalization(x, ones, null, 1e-5);
    const declared = (outputs: Record<string, Value>) =>
      fromBinary(ModelProtoSchema, serializeModel(graph, outputs).model).graph!.node[0]!.output;
    expect(declared({ y: exp(output) })).toEqual([output.name]);
    expect(declared({ y: output })).toEqual(['y']);
    expect(declared({ y: mul(output, inverseDeviation) })).toEqual([output.name, '', inverseDeviation.name]);
    expect(declared({ y: output, mean })).toEqual(['y', 'mean']);
  });

  test('computes the same whichever optional outputs are declared', async () => {
    const graph = new Graph();
    const input = graph.input('x', 'float32', [1, 4]);
    const ones = graph.filled('float32', [4], 1);
    const { output, mean, inverseDeviation } = layerNormalization(input, ones, null, 1e-5);
    const data = new Map([['x', x]]);
    const all = await evaluate(graph, { output, mean, inverseDeviation }, data);
    expect(all.get('mean')![0]).toBe(2.5);
    for (const outputs of [{ output }, { output, inverseDeviation }, { inverseDeviation }]) {
      const some = await evaluate(graph, outputs, data);
      for (const [name, values] of some) expect([...values], name).toEqual([...all.get(name)!]);
    }
  });

  test('gives one value, an input or a constant under several output names', async () => {
    const { graph, x: input, y } = small();
    const outputs = { first: y, second: y, input, constant: graph.scalar('float32', 3) };
    const results = await evaluate(graph, outputs, new Map([['x', x]]));
    expect([...results.get('first')!]).toEqual(expected);
    expect([...results.get('second')!]).toEqual(expected);
    expect([...results.get('input')!]).toEqual([...x]);
    expect([...results.get('constant')!]).toEqual([3]);
  });

  test('refuses an output called like an input', () => {
    const { graph, y } = small();
    expect(() => serializeModel(graph, { x: y })).toThrow(
      'The output x has the name of an input or constant.',
    );
  });

  test('carries metadata', () => {
    const { graph, y } = small();
    const { model } = serializeModel(graph, { y }, { metadata: { base: 'tiny' } });
    expect(fromBinary(ModelProtoSchema, model).metadataProps.map(({ key, value }) => [key, value])).toEqual([
      ['base', 'tiny'],
    ]);
  });
});

describe('external data', () => {
  test('holds large constants beside the model, aligned, and is found there', async () => {
    const { graph, y } = small();
    const second = graph.constant('float32', [4], [1, 1, 2, 2]);
    const z = mul(y, second);
    const { model, external } = serializeModel(
      graph,
      { z },
      { external: { location: 'weights.bin', minimumBytes: 16 } },
    );
    const tensors = fromBinary(ModelProtoSchema, model).graph!.initializer;
    const offsets = tensors.flatMap(({ externalData }) =>
      externalData.filter(({ key }) => key === 'offset').map(({ value }) => value),
    );
    expect(offsets).toEqual(['0', '4096']);

    const folder = await mkdtemp(join(tmpdir(), 'serialize-'));
    try {
      await writeFile(join(folder, 'model.onnx'), model);
      const bytes = external.map((array) => Buffer.from(array.buffer, array.byteOffset, array.byteLength));
      await writeFile(join(folder, 'weights.bin'), Buffer.concat(bytes));
      const session = await InferenceSession.create(join(folder, 'model.onnx'));
      const results = await session.run({ x: new Tensor('float32', x, [4]) });
      expect([...(results.z!.data as Float32Array)]).toEqual([10.5, 40.5, 181, 321]);
      await session.release();
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test('names initializers that the session will be given, which are no inputs then', () => {
    const { graph, y } = small();
    const given = graph.input('weight', 'float32', [4]);
    const half = cast(graph.input('half', 'float16', [4]), 'float32');
    const model = fromBinary(
      ModelProtoSchema,
      serializeModel(graph, { z: mul(y, mul(given, half)) }, { initializers: ['weight', 'half'] }).model,
    ).graph!;
    expect(model.input.map(({ name }) => name)).toEqual(['x']);
    const bytes = ['weight', 'half'].map((wanted) => {
      const tensor = model.initializer.find(({ name }) => name === wanted)!;
      expect(tensor.rawData).toHaveLength(0);
      return tensor.externalData.find(({ key }) => key === 'length')?.value;
    });
    expect(bytes).toEqual(['16', '8']);
  });
});
