/** Kinds of models that published LoRAs are for. */
export const loraBases = ['sd1', 'sd2', 'sdxl'] as const;

export type LoraBase = (typeof loraBases)[number];

/** As a person calls them. */
export const loraBaseNames: Readonly<Record<LoraBase, string>> = {
  sd1: 'Stable Diffusion 1.x',
  sd2: 'Stable Diffusion 2.x',
  sdxl: 'SDXL',
};

/** LoRAs that are on matrices alone, on convolutions too, and those that keep lengths and directions of weights apart. */
export const loraForms = ['lora', 'locon', 'dora'] as const;

export type LoraForm = (typeof loraForms)[number];

export const loraFormNames: Readonly<Record<LoraForm, string>> = {
  lora: 'LoRA',
  locon: 'LoRA with convolutions (LoCon)',
  dora: 'DoRA',
};

export interface TrainedWord {
  readonly word: string;
  /** How many images of its training had it. */
  readonly images: number;
}

/** What a LoRA's file says of it. */
export interface LoraFacts {
  readonly form: LoraForm;
  /** The program whose names its tensors have. */
  readonly naming: string;
  /** What it is for; null where it is for none of these. */
  readonly base: LoraBase | null;
  /** For a person: what that was made out by. */
  readonly reasons: readonly string[];
  /** All that occur, from the lowest. */
  readonly ranks: readonly number[];
  /** How many modules it is on, by the part of the model. */
  readonly modules: readonly { readonly part: string; readonly count: number }[];
  readonly parameters: number;
  /** Types of its numbers: `F16`. */
  readonly dtype: string;
  /** What its maker called it, and the model it was trained on; null where the file does not say. */
  readonly title: string | null;
  readonly trainedOn: string | null;
  /** The most frequent ones of its training captions, as kohya's files list them. */
  readonly words: readonly TrainedWord[];
}

/** Far beyond it nothing is left of the model. */
export const mostLoraStrength = 10;

/** `rank 16`, or `ranks 4 to 32`. */
export function ranksText(ranks: readonly number[]): string {
  const [least, most] = [ranks[0] ?? 0, ranks.at(-1) ?? 0];
  return least === most ? `rank ${least}` : `ranks ${least} to ${most}`;
}

/** `LoRA for SDXL`. */
export function loraName({ form, base }: Pick<LoraFacts, 'form' | 'base'>): string {
  return loraFormNames[form] + (base === null ? '' : ` for ${loraBaseNames[base]}`);
}

/** `LoRA for SDXL, rank 16`. */
export function loraText(facts: Pick<LoraFacts, 'form' | 'base' | 'ranks'>): string {
  return `${loraName(facts)}, ${ranksText(facts.ranks)}`;
}
