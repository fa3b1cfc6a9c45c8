import { type NamesOptimizer, optimizerOf, stateBytes } from '../../native/facts/optimizers.ts';
import type { Method, TrainingSettings } from '../../native/jobs.ts';

/** How many weights a model's components have, by name. */
export type ParameterCounts = Readonly<Record<string, number>>;

export interface Footprint {
  readonly parameters: number;
  readonly trainedParameters: number;
  /** Weights, gradients and what the optimizer keeps; activations come on top. */
  readonly memoryBytes: number;
  /** All checkpoints, and the state that a run resumes from. */
  readonly diskBytes: number;
}

const float32 = 4;

/** @param adapter weights of the LoRA, where that is the method */
export function footprintOf(
  counts: ParameterCounts,
  method: Method,
  settings: Pick<
    TrainingSettings,
    'checkpointEpochs' | 'checkpointPrecision' | 'emaDecay' | keyof NamesOptimizer
  >,
  adapter: number,
): Footprint {
  const of = (...names: readonly string[]) => names.reduce((sum, name) => sum + (counts[name] ?? 0), 0);
  const parameters = of('unet', 'text_encoder', 'vae');
  const trainedParameters = trained();
  const average = settings.emaDecay > 0 ? float32 : 0;
  const kept = stateBytes(optimizerOf(settings)) + average;
  const gradient = float32;
  // What is trained is among the model's weights, unless it is an adapter.
  const adapterWeight = method.kind === 'lora' ? float32 : 0;
  const precision = settings.checkpointPrecision === 'float16' ? 2 : float32;
  return {
    parameters,
    trainedParameters,
    memoryBytes: float32 * parameters + (gradient + kept + adapterWeight) * trainedParameters,
    diskBytes: trainedParameters * (settings.checkpointEpochs.length * precision + float32 + kept),
  };

  function trained(): number {
    switch (method.kind) {
      case 'full':
        return method.textEncoder ? of('unet', 'text_encoder') : of('unet');
      case 'lora':
        return adapter;
      case 'scratch':
        return method.textEncoder === false ? of('unet') : of('unet', 'text_encoder');
      case 'text':
        return of('text_encoder');
      case 'vae':
      case 'decoder':
        return of('vae');
    }
  }
}
