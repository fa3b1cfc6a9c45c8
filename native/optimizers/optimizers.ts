import { type OptimizerKind, optimizerOf, type SettingsOf } from '../facts/optimizers.ts';
import type { TrainingSettings } from '../jobs.ts';
import { adamw } from './adamw.ts';
import { lion } from './lion.ts';
import type { Optimizer, UpdateRule } from './optimizer.ts';

const makers: { readonly [Kind in OptimizerKind]: (settings: SettingsOf<Kind>) => Optimizer } = {
  adamw,
  lion,
};

export function createOptimizer<Kind extends OptimizerKind>(settings: SettingsOf<Kind>): Optimizer {
  const make: (settings: SettingsOf<Kind>) => Optimizer = makers[settings.kind];
  return make(settings);
}

/** How a job has its parameters updated. */
export function updateRule(settings: TrainingSettings): UpdateRule {
  return {
    optimizer: createOptimizer(optimizerOf(settings)),
    maxGradientNorm: settings.maxGradientNorm,
    ema: settings.emaDecay > 0,
  };
}
