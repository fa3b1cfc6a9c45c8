import { fromBinary } from '@bufbuild/protobuf';
import { describe, expect, test } from 'vitest';

import { optimizerKinds, usualSettings } from '../../native/facts/optimizers.ts';
import { takesAdapter } from '../../native/families/stable-diffusion/lora.ts';
import {
  clipConditioning,
  klAutoencoder,
  unetDenoiser,
} from '../../native/families/stable-diffusion/parts.ts';
import { ModelProtoSchema } from '../../native/graph/onnx_pb.js';
import { readAutoencoderConfig } from '../../native/models/autoencoder.ts';
import { readClipTextConfig } from '../../native/models/clip-text.ts';
import { readUNetConfig } from '../../native/models/unet.ts';
import { createOptimizer } from '../../native/optimizers/optimizers.ts';
import { buildUpdate } from '../../native/optimizers/update-graph.ts';
import { buildArtifacts } from '../../native/training/artifacts.ts';
import { buildAutoencoderGraph } from '../../native/training/autoencoder-graph.ts';
import { buildDiffusionGraph } from '../../native/training/diffusion-graph.ts';
import { readModelFixture } from '../reference/fixture.ts';

/** Of ONNX's default domain at opset 17 (https://onnx.ai/onnx/operators), those that artifacts are known to use. */
const standard = new Set(
  `Abs Add AveragePool Cast Clip Concat Conv ConvTranspose Cos Div Equal Erf Exp Expand Gather Gemm Greater Identity
  LayerNormalization Less Log MatMul Max Min Mul Neg Pad Reciprocal ReduceMax ReduceMean ReduceSum ReduceSumSquare Reshape Resize
  ScatterND Sigmoid Sin Slice Softmax Split Sqrt Squeeze Sub Tanh Transpose Unsqueeze Where`.split(/\s+/),
);

function operators(model: Uint8Array): { readonly op: string; readonly domain: string }[] {
  const { graph, opsetImport } = fromBinary(ModelProtoSchema, model);
  expect(opsetImport.map(({ domain, version }) => [domain, version])).toEqual([['', 17n]]);
  return graph!.node.map(({ opType, domain }) => ({ op: opType, domain }));
}

function expectStandard(model: Uint8Array): void {
  const found = operators(model);
  expect(found.length).toBeGreaterThan(100);
  expect(found.filter(({ op, domain }) => domain !== '' || !standard.has(op))).toEqual([]);
}

describe('training artifacts', () => {
  test('of UNet and text encoder hold standard operators alone', async () => {
    const [denoiser, text] = [await readModelFixture('unet-sd1'), await readModelFixture('clip-sd1')];
    for (const trained of ['full', { rank: 4, scale: 1, takes: takesAdapter }] as const) {
      const { trainingModel, trainable } = buildArtifacts(
        buildDiffusionGraph({
          denoiser: unetDenoiser(readUNetConfig(denoiser.config)),
          conditioning: clipConditioning(readClipTextConfig(text.config), {
            ids: () => [],
            framed: () => [],
            maxLength: 2,
          }),
          noise: { predictionType: 'v_prediction' },
          encodes: true,
          trained,
          shape: { rows: 2, size: { height: 8, width: 8 } },
        }),
      );
      expectStandard(trainingModel);
      for (const kind of optimizerKinds) {
        const optimizer = createOptimizer(usualSettings(kind));
        expectStandard(buildUpdate(trainable, { optimizer, maxGradientNorm: 1, ema: true }));
      }
    }
  });

  test('of the VAE hold standard operators alone', async () => {
    const { config } = await readModelFixture('vae-3-levels');
    expectStandard(
      buildArtifacts(
        buildAutoencoderGraph(klAutoencoder(readAutoencoderConfig(config)), {
          shape: { rows: 2, size: { height: 16, width: 16 } },
          kl: 1e-6,
        }),
      ).trainingModel,
    );
  });
});
