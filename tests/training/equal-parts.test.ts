/**
 * What is joined or parted is of equal parts, up to 32 of them: for those CUDA's Concat and Split are one kernel, told of its tensors
 * by value. For unequal ones they send four tables over the bus first, one of them with a number for every place along the axis
 * (onnxruntime/core/providers/cuda/tensor/concat.cc and split.cc).
 */
import { fromBinary } from '@bufbuild/protobuf';
import { describe, expect, test } from 'vitest';

import { usualSettings } from '../../native/facts/optimizers.ts';
import { unetDenoiser } from '../../native/families/stable-diffusion/parts.ts';
import type { Graph } from '../../native/graph/graph.ts';
import { ModelProtoSchema } from '../../native/graph/onnx_pb.js';
import { readUNetConfig } from '../../native/models/unet.ts';
import { createOptimizer } from '../../native/optimizers/optimizers.ts';
import { buildUpdate } from '../../native/optimizers/update-graph.ts';
import { batchVectors } from '../../native/optimizers/vector-batches.ts';
import { buildArtifacts } from '../../native/training/artifacts.ts';
import { buildDiffusionGraph } from '../../native/training/diffusion-graph.ts';
import { readFullSize } from '../reference/fixture.ts';
import { statesAlone } from './tiny-model.ts';

const mostParts = 32;
const isSlow = (parts: readonly number[]): boolean => new Set(parts).size > 1 || parts.length > mostParts;

/** Of the nodes that join or part: the parts of those that are slow. */
function slowParts({ nodes }: Graph): readonly string[] {
  return nodes.flatMap(({ op, inputs, outputs, attributes }) => {
    if (op !== 'Concat' && op !== 'Split') return [];
    const axis = (attributes.axis as { readonly int: number }).int;
    const parts = (op === 'Concat' ? inputs : outputs).map((part) => part!.shape[axis]!);
    return isSlow(parts) ? [`${op} ${parts.join(' ')}`] : [];
  });
}

/** The same of a model whose joined tensors are inputs and whose lengths are constants. */
function slowPartsOf(model: Uint8Array): { readonly count: number; readonly slow: readonly string[] } {
  const graph = fromBinary(ModelProtoSchema, model).graph!;
  const lengths = new Map<string, number>();
  for (const { name, type } of graph.input) {
    const { dim } = type!.value.value!.shape as {
      readonly dim: readonly { readonly value: { value?: unknown } }[];
    };
    lengths.set(name, Number(dim[0]?.value.value));
  }
  const constants = new Map(graph.initializer.map(({ name, rawData }) => [name, rawData]));
  const parts = graph.node.flatMap(({ opType, input }) => {
    if (opType === 'Concat') return [input.map((name) => lengths.get(name)!)];
    if (opType !== 'Split') return [];
    const bytes = constants.get(input[1]!)!.slice().buffer;
    return [Array.from(new BigInt64Array(bytes), Number)];
  });
  return { count: parts.length, slow: parts.filter(isSlow).map((lengthsOf) => lengthsOf.join(' ')) };
}

const config = readUNetConfig((await readFullSize('sd1-unet')).config);
const artifacts = (trained: 'full' | 'lora') =>
  buildArtifacts(
    buildDiffusionGraph({
      denoiser: unetDenoiser(config),
      conditioning: statesAlone(77, config.crossAttentionDim),
      noise: { predictionType: 'epsilon' },
      encodes: false,
      trained: trained === 'lora' ? { rank: 16, scale: 1, takes: () => true } : 'full',
      shape: { rows: 1, size: { height: 64, width: 64 } },
    }),
  );

describe('Stable Diffusion 1.x at its size, on CUDA', () => {
  test.each(['full', 'lora'] as const)('joins unequal parts where the UNet does: %s', (trained) => {
    const { graph } = artifacts(trained).differentiated;
    expect(slowParts(graph)).toEqual([
      'Concat 1280 640',
      'Concat 1280 640',
      'Concat 640 320',
      'Concat 640 320',
    ]);
  });

  const { trainable } = artifacts('full');
  test.each(['adamw', 'lion'] as const)('is updated by %s without unequal parts', (kind) => {
    const optimizer = createOptimizer(usualSettings(kind));
    const { count, slow } = slowPartsOf(buildUpdate(trainable, { optimizer, maxGradientNorm: 1, ema: true }));
    expect(slow).toEqual([]);
    expect(count).toBeGreaterThan(100);
  });
});

describe('short vectors', () => {
  const vector = (name: string, length: number) => ({ name, shape: [length] });
  const specs = [
    ...Array.from({ length: 15 }, (_, i) => vector(`a${i}`, 4)),
    vector('b', 6),
    ...Array.from({ length: 2 }, (_, i) => vector(`c${i}`, 8)),
    { name: 'matrix', shape: [4, 4] },
    vector('long', 10_000),
  ];

  test('of a length go together, as many as WebGPU binds, and every parameter once', () => {
    const batches = batchVectors(specs);
    expect(batches.map(({ names, shape }) => [names.length, ...shape])).toEqual([
      [1, 4, 4],
      [1, 10_000],
      [12, 48],
      [3, 12],
      [1, 6],
      [2, 16],
    ]);
    expect(batches.flatMap(({ names }) => names).sort()).toEqual(specs.map(({ name }) => name).sort());
  });
});
