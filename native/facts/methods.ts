import { blockNames, loraBlocks, type LoraNetwork } from './lora-shape.ts';
import { type OptimizerSettings, rateOf } from './optimizers.ts';

/** What few LoRAs are trained with. */
export interface LoraExtras extends Pick<LoraNetwork, 'blockRanks' | 'convRank' | 'convAlpha'> {
  /** Probability of leaving out each rank, drawn for each image of a step; left out: 0. */
  readonly rankDropout?: number | undefined;
  /** LoRA+: how many times the learning rate the up matrices go by; left out: once. */
  readonly upRate?: number | undefined;
  /** DoRA: whether each output has a length of its own. */
  readonly dora?: boolean | undefined;
}

/** A way of training, with its settings, as jobs have it. */
export type Method =
  | { readonly kind: 'full'; readonly textEncoder: boolean }
  | ({
      readonly kind: 'lora';
      readonly textEncoder: boolean;
      readonly rank: number;
      readonly alpha: number;
      /** The file of a LoRA that it begins with; left out: it begins as no change. */
      readonly from?: string | undefined;
    } & LoraExtras)
  /** Textual inversion (Gal et al. 2022): the vectors of a new word, and no weight of the model. */
  | {
      readonly kind: 'embedding';
      /** What prompts say for it. */
      readonly word: string;
      /** How many vectors stand for it. */
      readonly vectors: number;
      /** Words whose vectors it begins with; empty: small ones at random. */
      readonly initWords: string;
    }
  /**
   * UNet and, unless it is frozen (`textEncoder: false`), text encoder, from fresh weights where `base` has a config and no
   * weights; its VAE is trained.
   */
  | { readonly kind: 'scratch'; readonly textEncoder?: boolean }
  /** The text encoder alone, by how well captions tell pictures; from fresh weights where there are none. */
  | { readonly kind: 'text' }
  /** The VAE; from fresh weights where `base/vae` has a config and no weights. */
  | { readonly kind: 'vae'; readonly kl: number }
  /**
   * The VAE's decoder; its encoder stays as it is, and with it all latents. It learns to take away normal noise, in each
   * picture of a deviation between 0 and `latentNoise` (in units of the encoder's latents, not scaled), because the latents
   * that a denoiser makes are not quite those of any picture. `edgeWeight` is that of errors in the differences of neighbouring
   * pixels, beside 1 of errors in the pixels: the more, the flatter is what latents leave undecided.
   */
  | { readonly kind: 'decoder'; readonly latentNoise: number; readonly edgeWeight: number };

export type MethodKind = Method['kind'];

/** A method, as far as it decides what is trained. */
export interface TrainingMethod {
  readonly kind: MethodKind;
  /** Whether the text encoders are trained along with the denoiser, where the method leaves the choice. */
  readonly textEncoder?: boolean;
}

/** What a model is made of, whatever its family calls the components. */
export type ModelPart = 'denoiser' | 'textEncoders' | 'autoencoder';

/** A method's settings as run files may have them: the alpha of a LoRA is its rank where it is left out. */
type Written<M extends Method> = M extends { readonly kind: 'lora' }
  ? Omit<M, 'alpha'> & { readonly alpha?: number | undefined }
  : M;
export type WrittenMethod = Written<Method>;

interface MethodFacts<Kind extends MethodKind> {
  /** For a person, in two words. */
  readonly name: string;
  /** With its settings, in a line. */
  readonly text: (method: Extract<WrittenMethod, { readonly kind: Kind }>) => string;
  /** All weights of these parts, or a LoRA on them, or of the autoencoder its decoder; of a new word what it is learned through. */
  readonly trains: (textEncoder: boolean | undefined) => readonly ModelPart[];
  /** A learning rate that suits it under AdamW. */
  readonly learningRate: number;
  /** Steps after which a style shows. */
  readonly steps: number;
}

const asAsked = (textEncoder: boolean | undefined): readonly ModelPart[] =>
  textEncoder === true ? ['denoiser', 'textEncoders'] : ['denoiser'];
const fileName = (path: string): string => path.replace(/^.*[/\\]/, '');
const unetAnd = (textEncoder: boolean): string => (textEncoder ? 'UNet and text encoder' : 'UNet');

function extrasText({ blockRanks = {}, convRank = 0, rankDropout = 0, upRate = 1 }: LoraExtras): string[] {
  const ranks = loraBlocks.flatMap((block) => {
    const rank = blockRanks[block];
    return rank === undefined ? [] : [`${blockNames[block]} ${rank}`];
  });
  return [
    ...(ranks.length > 0 ? [`ranks: ${ranks.join(', ')}`] : []),
    ...(convRank > 0 ? [`convolutions of rank ${convRank}`] : []),
    ...(rankDropout > 0 ? [`rank dropout ${rankDropout}`] : []),
    ...(upRate === 1 ? [] : [`LoRA+ ${upRate}`]),
  ];
}

const methodFacts: { readonly [Kind in MethodKind]: MethodFacts<Kind> } = {
  full: {
    name: 'full finetuning',
    text: ({ textEncoder }) => `full finetuning of ${unetAnd(textEncoder)}`,
    trains: asAsked,
    learningRate: 1e-5,
    steps: 2000,
  },
  // It begins from nothing and learns at ten times the rate.
  lora: {
    name: 'LoRA',
    text: ({ rank, alpha, textEncoder, from, ...extras }) =>
      [
        `${extras.dora ? 'DoRA' : 'LoRA'} of rank ${rank}, alpha ${alpha ?? rank}, on ${unetAnd(textEncoder)}`,
        ...extrasText(extras),
        ...(from === undefined ? [] : [`from ${fileName(from)}`]),
      ].join(', '),
    trains: asAsked,
    learningRate: 1e-4,
    steps: 1500,
  },
  // A few thousand numbers, which stand a rate that weights do not.
  embedding: {
    name: 'new word',
    text: ({ word, vectors, initWords }) =>
      [
        `the new word “${word}” of ${vectors === 1 ? '1 vector' : `${vectors} vectors`}`,
        ...(initWords === '' ? [] : [`beginning as “${initWords}”`]),
      ].join(', '),
    trains: () => ['denoiser', 'textEncoders'],
    learningRate: 5e-3,
    steps: 1500,
  },
  scratch: {
    name: 'from scratch',
    text: ({ textEncoder = true }) => `${unetAnd(textEncoder)} from scratch`,
    trains: (textEncoder) => asAsked(textEncoder ?? true),
    learningRate: 1e-4,
    steps: 2000,
  },
  text: {
    name: 'text encoder',
    text: () => 'text encoder, by how well captions tell pictures apart',
    trains: () => ['textEncoders'],
    learningRate: 1e-4,
    steps: 2000,
  },
  vae: {
    name: 'VAE',
    text: ({ kl }) => `VAE, KL weight ${kl}`,
    trains: () => ['autoencoder'],
    learningRate: 1e-4,
    steps: 2000,
  },
  decoder: {
    name: 'decoder',
    text: ({ latentNoise }) => `decoder of the VAE, on latents with noise of up to ${latentNoise}`,
    trains: () => ['autoencoder'],
    learningRate: 1e-4,
    steps: 2000,
  },
};

/** What a method is called; a kind that this version does not know is called what it is. */
export function methodName(kind: string): string {
  return Object.hasOwn(methodFacts, kind) ? methodFacts[kind as MethodKind].name : kind;
}

/** A method with its settings, in a line; of a kind that this version does not know its kind alone. */
export function methodText(method: WrittenMethod): string {
  if (!Object.hasOwn(methodFacts, method.kind)) return method.kind;
  const { text } = methodFacts[method.kind] as { readonly text: (method: WrittenMethod) => string };
  return text(method);
}

/** What a method trains. */
export function trainedParts({ kind, textEncoder }: TrainingMethod): readonly ModelPart[] {
  return methodFacts[kind].trains(textEncoder);
}

/** The learning rate of a run for which nobody chose one. */
export function usualLearningRate(method: MethodKind, { kind }: Pick<OptimizerSettings, 'kind'>): number {
  return rateOf(methodFacts[method].learningRate, kind);
}

/** Steps after which a style shows. */
export function usualSteps(method: MethodKind): number {
  return methodFacts[method].steps;
}

/** Weights of Stable Diffusion 1.x, which the learning rates of methods are for. */
const usualParameters = 1e9;
const mostTimes = 10;

/** What of a learning rate suits a model of another size: the smaller, the larger the steps it stands. Null: unknown. */
export function rateForSize(rate: number, parameters: number | null): number {
  if (parameters === null) return rate;
  return rate * Math.min(mostTimes, Math.max(1, Math.sqrt(usualParameters / parameters)));
}
