/** What holds of optimizers without a graph, for run files, plans and the page as for the engine. */

/** Which numbers a setting may be: at least 0 and below 1, above 0, at least 0. */
export type SettingRange = 'decay' | 'positive' | 'from zero';

/** A number, or what is on or off. */
export type SettingFacts =
  | { readonly label: string; readonly default: number; readonly range: SettingRange }
  | { readonly label: string; readonly default: boolean };

export interface OptimizerFacts {
  /** For a person. */
  readonly label: string;
  /** For a person who has to choose: one short sentence. */
  readonly hint: string;
  /** Learning rates that suit it: those that suit AdamW divided by this, or one that suits it whatever is trained. */
  readonly rate: { readonly divisor: number } | { readonly always: number };
  /** Kinds of tensors it keeps besides each weight and its gradient. */
  readonly state: readonly string[];
  /** Bytes of them to a trained weight; where that depends on shapes, about what a whole model comes to. */
  readonly bytesPerWeight: number;
  readonly settings: Readonly<Record<string, SettingFacts>>;
}

export const optimizerFacts = {
  adamw: {
    label: 'AdamW',
    hint: 'Suits most runs.',
    rate: { divisor: 1 },
    state: ['firstMoment', 'secondMoment'],
    bytesPerWeight: 8,
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
    hint: 'Needs half of AdamW’s memory for each weight, and a tenth to a third of its learning rate.',
    rate: { divisor: 5 },
    state: ['momentum'],
    bytesPerWeight: 4,
    settings: {
      beta1: { label: 'β₁', default: 0.9, range: 'decay' },
      beta2: { label: 'β₂', default: 0.99, range: 'decay' },
      weightDecay: { label: 'Weight decay', default: 0.05, range: 'from zero' },
    },
  },
  adamw8bit: {
    label: 'AdamW, 8-bit',
    hint: 'Trains like AdamW, with a quarter of its memory for each weight.',
    rate: { divisor: 1 },
    state: ['firstMoment', 'secondMoment', 'firstScale', 'secondScale'],
    // Two bytes, and two float32 scales to each block of 256.
    bytesPerWeight: 2 + 8 / 256,
    settings: {
      beta1: { label: 'β₁', default: 0.9, range: 'decay' },
      beta2: { label: 'β₂', default: 0.999, range: 'decay' },
      epsilon: { label: 'ε', default: 1e-8, range: 'positive' },
      weightDecay: { label: 'Weight decay', default: 0.01, range: 'from zero' },
    },
  },
  adafactor: {
    label: 'Adafactor',
    hint: 'Needs almost no memory of its own, for models that hardly fit.',
    rate: { divisor: 1 },
    state: ['rows', 'columns', 'secondMoment', 'firstMoment'],
    // Two numbers of a 1x1 kernel's weight, two thirds of a 3x3's, next to none of a matrix's: Stable Diffusion's UNet together.
    bytesPerWeight: 2,
    settings: {
      relativeStep: { label: 'Relative step', default: false },
      warmupInit: { label: 'Small first steps', default: false },
      scaleParameter: { label: 'Steps by size of weights', default: false },
      clipThreshold: { label: 'Clip steps at', default: 1, range: 'positive' },
      decayRate: { label: 'Decay rate', default: 0.8, range: 'from zero' },
      beta1: { label: 'β₁', default: 0, range: 'decay' },
      epsilon: { label: 'ε', default: 1e-30, range: 'positive' },
      parameterEpsilon: { label: 'Least size of weights', default: 1e-3, range: 'positive' },
      weightDecay: { label: 'Weight decay', default: 0, range: 'from zero' },
    },
  },
  // The settings its authors recommend for diffusion models; its own weight decay is 0, and both switches are off.
  prodigy: {
    label: 'Prodigy',
    hint: 'Finds its step size by itself: leave the learning rate at 1. Needs twice AdamW’s memory for each weight.',
    rate: { always: 1 },
    state: ['firstMoment', 'secondMoment', 'gradientSum', 'begin'],
    bytesPerWeight: 16,
    settings: {
      beta1: { label: 'β₁', default: 0.9, range: 'decay' },
      beta2: { label: 'β₂', default: 0.999, range: 'decay' },
      epsilon: { label: 'ε', default: 1e-8, range: 'positive' },
      weightDecay: { label: 'Weight decay', default: 0.01, range: 'from zero' },
      firstEstimate: { label: 'First step size', default: 1e-6, range: 'positive' },
      coefficient: { label: 'Step size times', default: 1, range: 'positive' },
      growthRate: { label: 'Growth at most (0: any)', default: 0, range: 'from zero' },
      biasCorrection: { label: 'Bias correction', default: true },
      safeguardWarmup: { label: 'Careful in warm-up', default: true },
    },
  },
} as const satisfies Readonly<Record<string, OptimizerFacts>>;

type Optimizers = typeof optimizerFacts;
export type OptimizerKind = keyof Optimizers;
export const optimizerKinds = Object.keys(optimizerFacts) as readonly OptimizerKind[];

type SettingOf<Facts> = Facts extends { readonly default: boolean } ? boolean : number;

export type SettingsOf<Kind extends OptimizerKind> = {
  [K in Kind]: { readonly kind: K } & {
    readonly [Name in keyof Optimizers[K]['settings']]: SettingOf<Optimizers[K]['settings'][Name]>;
  };
}[Kind];

/** An optimizer and its settings: `{ kind: 'adamw', beta1: 0.9, … }`. */
export type OptimizerSettings = SettingsOf<OptimizerKind>;

/** An optimizer with the settings that suit most runs. */
export function usualSettings<Kind extends OptimizerKind>(kind: Kind): SettingsOf<Kind> {
  const { settings }: OptimizerFacts = optimizerFacts[kind];
  const values = Object.entries(settings).map(([name, setting]) => [name, setting.default]);
  return { kind, ...Object.fromEntries(values) } as SettingsOf<Kind>;
}

/** An optimizer's settings one by one, in the order of the facts. */
export function settingsByName(
  optimizer: OptimizerSettings,
): readonly { readonly name: string; readonly label: string; readonly value: number | boolean }[] {
  const { settings }: OptimizerFacts = optimizerFacts[optimizer.kind];
  const values = optimizer as unknown as Readonly<Record<string, number | boolean>>;
  return Object.entries(settings).map(([name, { label }]) => ({ name, label, value: values[name]! }));
}

/** What of a learning rate that suits AdamW suits another optimizer. */
export function rateOf(rate: number, kind: OptimizerKind): number {
  const suits: OptimizerFacts['rate'] = optimizerFacts[kind].rate;
  if ('always' in suits) return suits.always;
  const suited = rate / suits.divisor;
  // Such as 0.000002 rather than 0.0000020000000000000003.
  return Number(suited.toPrecision(6));
}

/** Bytes an optimizer keeps for each trained weight, about. */
export function stateBytes({ kind }: OptimizerSettings): number {
  return optimizerFacts[kind].bytesPerWeight;
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
