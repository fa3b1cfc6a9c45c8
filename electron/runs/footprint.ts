import type { Method, TrainingSettings } from '../../native/jobs.ts';

/** How many weights a model's components have, by name. */
export type ParameterCounts = Readonly<Record<string, number>>;

export interface Footprint {
  readonly parameters: number;
  readonly trainedParameters: number;
  /** Weights, gradients and moments in float32; activations come on top. */
  readonly memoryBytes: number;
  /** All checkpoints, and the state that a run resumes from. */
  readonly diskBytes: number;
}

const float32 = 4;

/** @param adapter weights of the LoRA, where that is the method */
export function footprintOf(
  counts: ParameterCounts,
  method: Method,
  settings: Pick<TrainingSettings, 'checkpointEpochs' | 'checkpointPrecision' | 'emaDecay'>,
  adapter: number,
): Footprint {
  const of = (...names: readonly string[]) => names.reduce((sum, name) => sum + (counts[name] ?? 0), 0);
  const parameters = of('unet', 'text_encoder', 'vae');
  const trainedParameters = trained();
  const copies = settings.emaDecay > 0 ? 4 : 3;
  // Gradients and moments of what is trained; its weights are among the model's, unless they are an adapter.
  const added = method.kind === 'lora' ? copies + 1 : copies;
  const precision = settings.checkpointPrecision === 'float16' ? 2 : float32;
  return {
    parameters,
    trainedParameters,
    memoryBytes: float32 * (parameters + added * trainedParameters),
    diskBytes: trainedParameters * (settings.checkpointEpochs.length * precision + copies * float32),
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
