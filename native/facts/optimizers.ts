/** What holds of optimizers without a graph, for run files, plans and the page as for the engine. */

/** Which numbers a setting may be: at least 0 and below 1, above 0, at least 0. */
export type SettingRange = 'decay' | 'positive' | 'from zero';

export interface OptimizerFacts {
  /** For a person. */
  readonly label: string;
  /** For a person who has to choose: one short sentence. */
  readonly hint: string;
  /** Learning rates that suit it are those that suit AdamW divided by this. */
  readonly rateDivisor: number;
  /** What it keeps for each trained weight, besides the weight and its gradient: a float32 number of each of these kinds. */
  readonly state: readonly string[];
  readonly settings: Readonly<
    Record<string, { readonly label: string; readonly default: number; readonly range: SettingRange }>
  >;
}

export const optimizerFacts = {
  adamw: {
    label: 'AdamW',
    hint: 'Suits most runs.',
    rateDivisor: 1,
    state: ['firstMoment', 'secondMoment'],
    settings: {
      beta1: { label: 'β₁', default: 0.9, range: 'decay' },
      beta2: { label: 'β₂', default: 0.999, range: 'decay' },
      epsilon: { label: 'ε', default: 1e-8, range: 'positive' },
      weightDecay: { label: 'Weight decay', default: 0.01, range: 'from zero' },
    },
  },
  // Every weight moves by the whole learning rate at each step; the decay, a multiple of that rate, is as strong as AdamW's.
  lion: {
    label: 'Lion',
    hint: 'Keeps half as much per weight as AdamW; wants a learning rate a tenth to a third of AdamW’s.',
    rateDivisor: 5,
    state: ['momentum'],
    settings: {
      beta1: { label: 'β₁', default: 0.9, range: 'decay' },
      beta2: { label: 'β₂', default: 0.99, range: 'decay' },
      weightDecay: { label: 'Weight decay', default: 0.05, range: 'from zero' },
    },
  },
} as const satisfies Readonly<Record<string, OptimizerFacts>>;

type Optimizers = typeof optimizerFacts;
export type OptimizerKind = keyof Optimizers;
export const optimizerKinds = Object.keys(optimizerFacts) as readonly OptimizerKind[];

export type SettingsOf<Kind extends OptimizerKind> = {
  [K in Kind]: { readonly kind: K } & {
    readonly [Name in keyof Optimizers[K]['settings']]: number;
  };
}[Kind];

/** An optimizer and its settings: `{ kind: 'adamw', beta1: 0.9, … }`. */
export type OptimizerSettings = SettingsOf<OptimizerKind>;

/** An optimizer with the settings that suit most runs. */
export function usualSettings<Kind extends OptimizerKind>(kind: Kind): SettingsOf<Kind> {
  const { settings }: OptimizerFacts = optimizerFacts[kind];
  const numbers = Object.entries(settings).map(([name, setting]) => [name, setting.default]);
  return { kind, ...Object.fromEntries(numbers) } as SettingsOf<Kind>;
}

/** An optimizer's settings one by one, in the order of the facts. */
export function settingsByName(
  optimizer: OptimizerSettings,
): readonly { readonly name: string; readonly label: string; readonly value: number }[] {
  const { settings }: OptimizerFacts = optimizerFacts[optimizer.kind];
  const values = optimizer as unknown as Readonly<Record<string, number>>;
  return Object.entries(settings).map(([name, { label }]) => ({ name, label, value: values[name]! }));
}

/** What of a learning rate that suits one optimizer suits another. */
export function rateFor(rate: number, from: OptimizerKind, to: OptimizerKind): number {
  const suited = (rate * optimizerFacts[from].rateDivisor) / optimizerFacts[to].rateDivisor;
  // Such as 0.000002 rather than 0.0000020000000000000003.
  return Number(suited.toPrecision(6));
}

/** Bytes an optimizer keeps for each trained weight. */
export function stateBytes({ kind }: OptimizerSettings): number {
  return optimizerFacts[kind].state.length * Float32Array.BYTES_PER_ELEMENT;
}

/** AdamW's settings as run files and jobs had them, beside the others, before they named an optimizer. */
export const settingsOnceBeside = ['beta1', 'beta2', 'epsilon', 'weightDecay'] as const;

/** Where an optimizer may be named, or AdamW meant. */
export type NamesOptimizer = Readonly<
  Partial<Record<(typeof settingsOnceBeside)[number], number | undefined>>
> & { readonly optimizer?: OptimizerSettings | undefined };

/** The one that is named, or AdamW with what stands beside. */
export function optimizerOf(settings: NamesOptimizer): OptimizerSettings {
  if (settings.optimizer) return settings.optimizer;
  const given = settingsOnceBeside.flatMap((name) =>
    settings[name] === undefined ? [] : [[name, settings[name]] as const],
  );
  return { ...usualSettings('adamw'), ...Object.fromEntries(given) };
}

/** The same settings with their optimizer named. */
export function withOptimizer<Settings extends NamesOptimizer>(
  settings: Settings,
): Omit<Settings, keyof NamesOptimizer> & { readonly optimizer: OptimizerSettings } {
  const { beta1: _1, beta2: _2, epsilon: _3, weightDecay: _4, optimizer: _5, ...others } = settings;
  return { ...others, optimizer: optimizerOf(settings) };
}
