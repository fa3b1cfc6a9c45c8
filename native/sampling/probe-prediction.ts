import type { PredictionType } from '../facts/config-facts.ts';
import type { OpenModel, Rows } from '../families/family.ts';
import { allocate, type DataArray, elementCount } from '../graph/data-type.ts';
import { openInference } from '../models/inference.ts';
import { normals } from '../random/philox.ts';
import type { Runtime } from '../runtime/runtime.ts';

export interface ProbedPrediction {
  /** Null where the model answers as neither kind does. */
  readonly type: PredictionType | null;
  /** How much of the noise it was given came back: about 1 from a model that predicts noise, next to 0 from one of velocity. */
  readonly share: number;
}

/** Latents along a side: enough for a share that varies by no more than a few hundredths. */
const edge = 16;

/** A model of noise gives back 0.998 of it, one of velocity 0.068; what is between is told by neither. */
const [leastOfNoise, mostOfVelocity] = [0.7, 0.4];

/**
 * Tries what a model's denoiser predicts: it is given pure noise at the last timestep. There, noise is what it is given, and
 * velocity is the picture with the other sign, of which the noise says nothing. Prompts do not matter, so that no text encoder
 * is asked for.
 */
export async function probePrediction(runtime: Runtime, model: OpenModel): Promise<ProbedPrediction> {
  const { denoiser, conditioning, noise, readWeight, weightType } = model;
  const side = Math.max(1, Math.ceil(edge / denoiser.stride)) * denoiser.stride;
  const told: Rows = { ...conditioning.states, ...conditioning.facts };
  const session = await openInference(
    runtime,
    readWeight,
    (builders, graph) => {
      const sample = graph.input('sample', 'float32', [1, denoiser.channels, side, side]);
      const timesteps = graph.input('timesteps', 'float32', [1]);
      const inputs = Object.fromEntries(
        Object.entries(told).map(([name, { type, shape }]) => [name, graph.input(name, type, [1, ...shape])]),
      );
      const builder = builders(denoiser.component);
      return { output: denoiser.predict(builder, { sample, timesteps, conditioning: inputs }) };
    },
    weightType,
  );
  try {
    const given = normals(1, 'noise', 0, 0, new Float32Array(denoiser.channels * side * side));
    const nothing = Object.entries(told).map(([name, { type, shape }]): [string, DataArray] => [
      name,
      allocate(type, elementCount(shape)),
    ]);
    const { output } = await session.run({
      ...Object.fromEntries(nothing),
      sample: given,
      timesteps: Float32Array.of(noise.timestepAt(1 - 1e-6)),
    });
    const share = product(output!, given) / product(given, given);
    return { type: typeOf(share), share };
  } finally {
    await session.dispose();
  }
}

function typeOf(share: number): PredictionType | null {
  if (share > leastOfNoise && share < 2 - leastOfNoise) return 'epsilon';
  return Math.abs(share) < mostOfVelocity ? 'v_prediction' : null;
}

function product(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, i) => sum + value * b[i]!, 0);
}
