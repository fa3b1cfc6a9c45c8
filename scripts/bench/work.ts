import { unetDenoiser } from '../../native/families/stable-diffusion/parts.ts';
import { type DataArray, elementCount } from '../../native/graph/data-type.ts';
import type { Parameter } from '../../native/models/parameter.ts';
import { readUNetConfig } from '../../native/models/unet.ts';
import { normals } from '../../native/random/philox.ts';
import type { Runtime } from '../../native/runtime/runtime.ts';
import { buildArtifacts, type TrainingArtifacts } from '../../native/training/artifacts.ts';
import type { BatchShape } from '../../native/training/batch-shape.ts';
import { buildDiffusionGraph } from '../../native/training/diffusion-graph.ts';
import { drawnWeights } from '../../native/training/initial-weights.ts';
import type { TrainerOptions } from '../../native/training/trainer.ts';
import { readBenchSettings } from '../../tests/reference/fixture.ts';
import { statesAlone } from '../../tests/training/tiny-model.ts';

/** Fresh weights, none of them zero: a zero would make the work lighter. */
export function benchWeight(parameter: Parameter): Promise<Float32Array<ArrayBuffer>> {
  return Promise.resolve(drawnWeights(parameter, 1));
}

/** Noise of a shape, which is the same each time. */
export function benchNoise(index: number, ...shape: readonly number[]): Float32Array<ArrayBuffer> {
  return normals(0, 'noise', 0, index, new Float32Array(elementCount(shape)));
}

export interface FullTraining {
  readonly shape: BatchShape;
  readonly data: Readonly<Record<string, DataArray>>;
  /** What a trainer of it is made of, whatever it is updated by. */
  readonly options: Pick<TrainerOptions, 'runtime' | 'trainable' | 'initial' | 'frozen' | 'artifacts'>;
}

/** Training all of the UNet of `tests/reference/bench-unet.json`, on a batch of its size. */
export async function openFullTraining(runtime: Runtime): Promise<FullTraining> {
  const { batch, height, width, tokens, unet } = await readBenchSettings();
  const config = readUNetConfig(unet);
  const shape = { rows: batch, size: { height, width } };
  const artifacts = (of: BatchShape): TrainingArtifacts =>
    buildArtifacts(
      buildDiffusionGraph({
        denoiser: unetDenoiser(config),
        conditioning: statesAlone(tokens, config.crossAttentionDim),
        noise: { predictionType: 'epsilon' },
        encodes: false,
        trained: 'full',
        matrixConv: runtime.prefersMatrixConv,
        shape: of,
      }),
      runtime,
    );
  const filled = (value: number): Float32Array<ArrayBuffer> => new Float32Array(batch).fill(value);
  return {
    shape,
    data: {
      latents: benchNoise(0, batch, config.inChannels, height, width),
      noise: benchNoise(1, batch, config.inChannels, height, width),
      encoder_hidden_states: benchNoise(2, batch, tokens, config.crossAttentionDim),
      timesteps: Float32Array.from({ length: batch }, (_, i) => 100 * i + 50),
      signal_rate: filled(0.8),
      noise_rate: filled(0.6),
      loss_weights: filled(1 / batch),
    },
    options: {
      runtime,
      artifacts,
      trainable: artifacts(shape).trainable,
      initial: benchWeight,
      frozen: ({ name }) => Promise.reject(new Error(`${name} is frozen`)),
    },
  };
}
