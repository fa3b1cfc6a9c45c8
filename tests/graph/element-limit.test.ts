import { describe, expect, test } from 'vitest';

import { Failure } from '../../native/failure.ts';
import { unetDenoiser } from '../../native/families/stable-diffusion/parts.ts';
import { checkElementCounts } from '../../native/graph/element-limit.ts';
import { Graph } from '../../native/graph/graph.ts';
import { mul } from '../../native/graph/ops/elementwise.ts';
import { matmul } from '../../native/graph/ops/matmul.ts';
import { softmax } from '../../native/graph/ops/reduce.ts';
import { openInference } from '../../native/models/inference.ts';
import { readUNetConfig } from '../../native/models/unet.ts';
import { buildArtifacts } from '../../native/training/artifacts.ts';
import { buildDiffusionGraph } from '../../native/training/diffusion-graph.ts';
import { readFullSize } from '../reference/fixture.ts';
import { recordingRuntime } from '../runtime/recording-runtime.ts';
import { statesAlone } from '../training/tiny-model.ts';

/** Scores of attention between so many tokens. */
function scores(graph: Graph, batch: number, tokens: number) {
  const queries = graph.input('queries', 'float32', [batch, 8, tokens, 40]);
  const keys = graph.input('keys', 'float32', [batch, 8, 40, tokens]);
  return softmax(matmul(queries, keys));
}

describe('tensors for a GPU', () => {
  test('may have up to 2^31 - 1 elements', () => {
    const graph = new Graph();
    expect(() => {
      checkElementCounts(graph, [scores(graph, 3, 9216)]);
    }).not.toThrow();
  });

  test('of 768 pixels and a batch of 4 are too large, which is said with what helps', () => {
    const graph = new Graph();
    const weights = scores(graph, 4, 9216);
    const failed = (): void => {
      checkElementCounts(graph, [weights]);
    };
    expect(failed).toThrow(Failure);
    expect(failed).toThrow(
      'a tensor of 4 x 8 x 9216 x 9216 numbers (MatMul_0), more than a graphics card can count.',
    );
  });

  test('are counted where they are needed alone', () => {
    const graph = new Graph();
    scores(graph, 4, 9216);
    const small = mul(graph.input('small', 'float32', [2]), 2);
    expect(() => {
      checkElementCounts(graph, [small]);
    }).not.toThrow();
  });

  test('are counted before a model is trained or sampled there, and not on the processor', async () => {
    const config = readUNetConfig((await readFullSize('sd1-unet')).config);
    const loss = () =>
      buildDiffusionGraph({
        denoiser: unetDenoiser(config),
        conditioning: statesAlone(77, config.crossAttentionDim),
        noise: { predictionType: 'epsilon' },
        encodes: false,
        trained: 'full',
        shape: { rows: 96, size: { height: 96, width: 96 } },
      });
    expect(() => buildArtifacts(loss())).toThrow('more than a graphics card can count');
    expect(buildArtifacts(loss(), { tensorsAreArrays: true }).trainable.length).toBeGreaterThan(600);
    const { runtime } = recordingRuntime();
    const opened = openInference(
      runtime,
      () => Promise.reject(new Error('no weight is read')),
      (_, graph) => ({ output: scores(graph, 4, 9216) }),
    );
    await expect(opened).rejects.toMatchObject({ code: 'tensor-too-large' });
  });
});
