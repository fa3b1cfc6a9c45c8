import { unetDenoiser } from '../../native/families/stable-diffusion/parts.ts';
import { readUNetConfig } from '../../native/models/unet.ts';
import type { BatchShape } from '../../native/training/batch-shape.ts';
import { buildDiffusionGraph } from '../../native/training/diffusion-graph.ts';
import { statesAlone, tinyConfigs } from '../training/tiny-model.ts';

/** Of two levels, so that it has every kind of module. */
export const smallUNet = readUNetConfig({
  ...tinyConfigs.unet,
  block_out_channels: [32, 64],
  attention_head_dim: 4,
});

/** The loss of all of it, over encoded captions of six tokens. */
export const smallUNetGraph = (
  shape: BatchShape,
  matrixConv = true,
): ReturnType<typeof buildDiffusionGraph> =>
  buildDiffusionGraph({
    denoiser: unetDenoiser(smallUNet),
    conditioning: statesAlone(6, smallUNet.crossAttentionDim),
    noise: { predictionType: 'epsilon' },
    encodes: false,
    trained: 'full',
    shape,
    matrixConv,
  });
