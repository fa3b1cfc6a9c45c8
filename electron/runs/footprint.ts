import { type ConfigFacts, trainedComponents } from '../../native/facts/config-facts.ts';
import { type AdapterModule, adapterWeights } from '../../native/facts/lora-shape.ts';
import { type NamesOptimizer, optimizerOf, stateBytes } from '../../native/facts/optimizers.ts';
import type { Method, TrainingSettings } from '../../native/jobs.ts';

/** How many weights a model's components have, by name. */
export type ParameterCounts = Readonly<Record<string, number>>;

export interface WeighedModel extends Pick<ConfigFacts, 'components' | 'textWidth'> {
  readonly counts: ParameterCounts;
  /** What a LoRA may be on; looked at where that is the method. */
  readonly adapters: readonly AdapterModule[];
}

export interface Footprint {
  readonly parameters: number;
  readonly trainedParameters: number;
  /** Weights, gradients and what the optimizer keeps; activations come on top. */
  readonly memoryBytes: number;
  /** All checkpoints, and the state that a run resumes from. */
  readonly diskBytes: number;
}

const float32 = 4;

export function footprintOf(
  model: WeighedModel,
  method: Method,
  settings: Pick<
    TrainingSettings,
    'checkpointEpochs' | 'checkpointPrecision' | 'emaDecay' | keyof NamesOptimizer
  >,
): Footprint {
  const parameters = sum(model.counts, Object.values(model.components).flat());
  const trainedParameters = trainedBy(method, model);
  const average = settings.emaDecay > 0 ? float32 : 0;
  const kept = stateBytes(optimizerOf(settings)) + average;
  const gradient = float32;
  // What is trained is among the model's weights, unless it is an adapter or a word.
  const adapterWeight = method.kind === 'lora' || method.kind === 'embedding' ? float32 : 0;
  const precision = settings.checkpointPrecision === 'float16' ? 2 : float32;
  return {
    parameters,
    trainedParameters,
    memoryBytes: float32 * parameters + (gradient + kept + adapterWeight) * trainedParameters,
    diskBytes: trainedParameters * (settings.checkpointEpochs.length * precision + float32 + kept),
  };
}

function trainedBy(method: Method, model: WeighedModel): number {
  if (method.kind === 'embedding') return method.vectors * model.textWidth;
  const names = trainedComponents(model, method);
  if (method.kind !== 'lora') return sum(model.counts, names);
  const adapters = model.adapters.filter(({ component }) => names.includes(component));
  return adapterWeights(method, adapters, method.dora ?? false);
}

function sum(counts: ParameterCounts, names: readonly string[]): number {
  return names.reduce((total, name) => total + (counts[name] ?? 0), 0);
}
