import { z } from 'zod';

import {
  type NamesOptimizer,
  type OptimizerFacts,
  optimizerFacts,
  type OptimizerKind,
  optimizerKinds,
  type OptimizerSettings,
  rateOf,
  type SettingFacts,
  type SettingRange,
  settingsByName,
  type SettingsOf,
  settingsOnceBeside,
  usualSettings,
} from '../../native/facts/optimizers.ts';

export const optimizerLabel = ({ kind }: OptimizerSettings): string => optimizerFacts[kind].label;
export { optimizerFacts, optimizerKinds, rateOf, settingsByName, usualSettings };
export type { OptimizerKind };

const ranges: Readonly<Record<SettingRange, z.ZodNumber>> = {
  decay: z.number().min(0).lt(1),
  positive: z.number().positive().max(1e9),
  'from zero': z.number().min(0).max(1e9),
};

function schemaOf(setting: SettingFacts): z.ZodType {
  return 'range' in setting
    ? ranges[setting.range].default(setting.default)
    : z.boolean().default(setting.default);
}

/** A setting as people read it. */
export function settingText(value: number | boolean, numberText: (value: number) => string = String): string {
  return typeof value === 'number' ? numberText(value) : value ? 'yes' : 'no';
}

/** A kind, and of its settings what is not as usual. */
type OptimizerInput = {
  [Kind in OptimizerKind]: { readonly kind: Kind } & Partial<Omit<SettingsOf<Kind>, 'kind'>>;
}[OptimizerKind];

const kinds = Object.entries<OptimizerFacts>(optimizerFacts).map(([kind, { settings }]) =>
  z.strictObject({
    kind: z.literal(kind),
    ...Object.fromEntries(Object.entries(settings).map(([name, setting]) => [name, schemaOf(setting)])),
  }),
);

/** Of what the facts say of each kind: an optimizer that is added there can be named in a run file. */
export const optimizerSchema = z.discriminatedUnion(
  'kind',
  kinds as [(typeof kinds)[number], ...typeof kinds],
) as unknown as z.ZodType<OptimizerSettings, OptimizerInput>;

/** AdamW's settings beside the others, where run files had them before they named an optimizer. */
export const onceBeside = {
  beta1: ranges.decay.optional(),
  beta2: ranges.decay.optional(),
  epsilon: ranges.positive.optional(),
  weightDecay: ranges['from zero'].optional(),
};

/** Faults settings that have a place in the optimizer that is named and stand beside it nevertheless. */
export function refuseBeside(settings: NamesOptimizer, context: z.RefinementCtx): void {
  if (settings.optimizer === undefined) return;
  for (const name of settingsOnceBeside)
    if (settings[name] !== undefined)
      context.addIssue({ code: 'custom', path: [name], message: 'must stand in "optimizer", not beside it' });
}
