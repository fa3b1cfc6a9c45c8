import { beforeAll, describe, expect, test } from 'vitest';

import type { DataType } from '../../native/graph/data-type.ts';
import type { NodeProto } from '../../native/graph/onnx_pb.js';
import { type Kernel, kernelTables, roles } from '../graph/kernel-tables.ts';
import { type TypedNode, typedNodes } from '../graph/typed-nodes.ts';
import { temporaryFolder } from '../images/pictures.ts';
import { everyGraph, type NamedGraph } from './every-graph.ts';

type GpuProvider = keyof typeof kernelTables;

/**
 * What a provider hands to the processor though it has a kernel of that name, or computes otherwise than is needed, as
 * ONNX Runtime's sources have it.
 */
const refusals: Readonly<
  Record<
    GpuProvider,
    Readonly<Record<string, { readonly when: (node: NodeProto) => boolean; readonly why: string }>>
  >
> = {
  cuda: {
    // core/providers/cuda/cuda_execution_provider.cc
    ConvTranspose: {
      when: (node) => {
        const [top, left, bottom, right] = integers(node, 'pads');
        return top !== bottom || left !== right;
      },
      why: 'pads that are not the same on both sides go to the processor',
    },
    // core/providers/cuda/tensor/scatter_nd.cc
    ScatterND: {
      when: (node) => text(node, 'reduction') === 'add',
      why: 'it adds in whatever order threads come, so that bits differ from run to run',
    },
  },
  directml: {
    // core/providers/dml/DmlExecutionProvider/src/Operators/DmlOperatorLayerNormalization.cpp
    LayerNormalization: {
      when: ({ output }) => output.filter((name) => name !== '').length > 1,
      why: 'statistics beside the output go to the processor',
    },
  },
};

function integers({ attribute }: NodeProto, name: string): readonly number[] {
  return attribute.find((one) => one.name === name)?.ints.map(Number) ?? [];
}

function text({ attribute }: NodeProto, name: string): string {
  return new TextDecoder().decode(attribute.find((one) => one.name === name)?.s);
}

/** Why a provider does not run a node as it should; null where it does. */
function complaint(provider: GpuProvider, { node, inputs, outputs }: TypedNode): string | null {
  const kernel = kernelTables[provider][node.opType];
  const role = roles[node.opType];
  if (!kernel || role === undefined) return 'there is no kernel';
  if (kernel.from > 17 || (kernel.to !== null && kernel.to < 17)) return 'no kernel is for opset 17';
  const [taken, given] = role.split(' > ').map((side) => side.split(' ')) as [string[], string[]];
  const wrong = wrongType(kernel, taken, inputs) ?? wrongType(kernel, given, outputs);
  if (wrong !== null) return `no kernel takes ${wrong}`;
  const refusal = refusals[provider][node.opType];
  return refusal?.when(node) ? refusal.why : null;
}

function wrongType(
  { types }: Kernel,
  sides: readonly string[],
  found: readonly (DataType | null)[],
): DataType | null {
  const wrong = found.find((type, i) => {
    const role = sides[Math.min(i, sides.length - 1)]!;
    return type !== null && type !== role && !types[role]?.includes(type);
  });
  return wrong ?? null;
}

describe.each(['cuda', 'directml'] as const)('%s', (provider) => {
  const folder = temporaryFolder();
  let graphs: readonly NamedGraph[];
  beforeAll(async () => {
    graphs = await everyGraph(folder.path, provider);
  }, 180_000);

  test('has a kernel for every node of every graph', () => {
    expect(graphs.length).toBeGreaterThan(25);
    const found = new Map<string, Set<string>>();
    for (const { name, model } of graphs) {
      const nodes = typedNodes(model);
      expect(nodes.length, name).toBeGreaterThan(0);
      for (const typed of nodes) {
        const why = complaint(provider, typed);
        if (why === null) continue;
        const key = `${provider}: ${typed.node.opType}`;
        found.set(key, (found.get(key) ?? new Set()).add(`${name}, ${typed.node.name}: ${why}`));
      }
    }
    expect([...found].flatMap(([key, where]) => [key, ...[...where].slice(0, 3)])).toEqual([]);
  });
});

describe('a complaint', () => {
  const node = (opType: string, inputs: readonly DataType[], outputs: readonly DataType[]): TypedNode => ({
    node: { opType, attribute: [], output: outputs.map((_, i) => `y${i}`) } as unknown as NodeProto,
    inputs,
    outputs,
  });

  test('is made of an operator, a type and an output that a provider lacks', () => {
    expect(complaint('cuda', node('NonMaxSuppression', ['float32'], ['int64']))).toBe('there is no kernel');
    expect(complaint('cuda', node('Gemm', ['int32', 'int32'], ['int32']))).toBe('no kernel takes int32');
    expect(complaint('cuda', node('Pad', ['int64', 'int64'], ['int64']))).toBe('no kernel takes int64');
    expect(
      complaint('directml', node('LayerNormalization', ['float32', 'float32'], ['float32', 'float32'])),
    ).toMatch(/statistics/);
    expect(complaint('directml', node('LayerNormalization', ['float32', 'float32'], ['float32']))).toBeNull();
    expect(complaint('cuda', node('Gather', ['float16', 'int64'], ['float16']))).toBeNull();
  });
});
