/** Where LoRAs are trained, and in which rank. */

/** A part of a model that may have a rank of its own. */
export const loraBlocks = ['down', 'mid', 'up', 'textEncoder'] as const;
export type LoraBlock = (typeof loraBlocks)[number];

export const blockNames: Readonly<Record<LoraBlock, string>> = {
  down: 'down',
  mid: 'middle',
  up: 'up',
  textEncoder: 'text encoder',
};

/** What of a module decides about its adapter. */
export interface LoraPlace {
  readonly block: LoraBlock;
  /** `attention`: a LoRA's own place, the modules of transformers. `convolution`: what LoCon adds, residual blocks and samplers. */
  readonly kind: 'attention' | 'convolution';
  /** Whether its kernel is of more than one pixel. */
  readonly isWide: boolean;
}

export interface LoraNetwork {
  readonly rank: number;
  readonly alpha: number;
  /** Ranks of blocks that have another; 0: nothing is trained there. The strength alpha / rank is the same everywhere. */
  readonly blockRanks?: Readonly<Partial<Record<LoraBlock, number | undefined>>> | undefined;
  /** LoCon: the rank on convolutions; left out or 0: these are left as they are. */
  readonly convRank?: number | undefined;
  /** Left out: the rank, for a strength of 1. */
  readonly convAlpha?: number | undefined;
}

export interface AdapterShape {
  readonly rank: number;
  /** alpha / rank */
  readonly scale: number;
}

/**
 * The adapter that a module gets, null for none. As in kohya's scripts, what residual blocks have besides 3x3 kernels (1x1
 * convolutions, the timestep's projection) goes by the rank of the rest.
 */
export function adapterShape(network: LoraNetwork, { block, kind, isWide }: LoraPlace): AdapterShape | null {
  const { rank, alpha, blockRanks, convRank = 0, convAlpha = convRank } = network;
  const own = blockRanks?.[block] ?? rank;
  if (own === 0 || (kind === 'convolution' && convRank === 0)) return null;
  return isWide ? { rank: convRank, scale: convAlpha / convRank } : { rank: own, scale: alpha / rank };
}

/** A module that may take an adapter, as far as it decides how large that is. */
export interface AdapterModule extends LoraPlace {
  readonly component: string;
  /** Numbers that each output is made of: inputs times the kernel's pixels. */
  readonly inputs: number;
  readonly outputs: number;
}

/** Weights of the adapters on these modules. @param magnitudes whether each output has a length besides: DoRA */
export function adapterWeights(
  network: LoraNetwork,
  modules: readonly AdapterModule[],
  magnitudes: boolean,
): number {
  return modules.reduce((sum, module) => {
    const shape = adapterShape(network, module);
    if (shape === null) return sum;
    return sum + shape.rank * (module.inputs + module.outputs) + (magnitudes ? module.outputs : 0);
  }, 0);
}
