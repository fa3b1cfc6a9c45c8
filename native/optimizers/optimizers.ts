import { type OptimizerKind, optimizerOf, type SettingsOf } from '../facts/optimizers.ts';
import type { ComputePrecision } from '../facts/precision.ts';
import type { TrainingSettings } from '../jobs.ts';
import { adafactor } from './adafactor.ts';
import { adamw } from './adamw.ts';
import { adamw8bit } from './adamw-8-bit.ts';
import { lion } from './lion.ts';
import { loraPlus } from './lora-plus.ts';
import type { Optimizer, UpdateRule } from './optimizer.ts';
import { prodigy } from './prodigy.ts';

const makers: { readonly [Kind in OptimizerKind]: (settings: SettingsOf<Kind>) => Optimizer } = {
  adamw,
  lion,
  adamw8bit,
  adafactor,
  prodigy,
};

export function createOptimizer<Kind extends OptimizerKind>(settings: SettingsOf<Kind>): Optimizer {
  const make: (settings: SettingsOf<Kind>) => Optimizer = makers[settings.kind];
  return make(settings);
}

/** How a job has its parameters updated. @param upRate of LoRA+: how many times the learning rate up matrices go by */
export function updateRule(
  settings: TrainingSettings,
  precision: ComputePrecision = 'float32',
  upRate = 1,
): UpdateRule {
  const optimizer = createOptimizer(optimizerOf(settings));
  return {
    optimizer: upRate === 1 ? optimizer : loraPlus(optimizer, upRate),
    maxGradientNorm: settings.maxGradientNorm,
    ema: settings.emaDecay > 0,
    scalesLoss: precision === 'float16',
  };
}
