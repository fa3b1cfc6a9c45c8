import type { FreeSize } from '../../graph/free-sizes.ts';
import type { Graph, Value } from '../../graph/graph.ts';
import type { ModelBuilder } from '../../models/model-builder.ts';

/** One graph of a pipeline as Optimum exports it, under the names of its inputs and outputs. */
export interface OnnxPart {
  /** `vae_decoder` */
  readonly folder: string;
  /** The component whose config and weights it has: `vae`. */
  readonly component: string;
  /** Optimum's class of it. */
  readonly className: string;
  readonly free: readonly FreeSize[];
  /** Whether products may be taken in float16; else float16 weights are widened where they are used. */
  readonly halfProducts: boolean;
  /** Declares inputs with the given sizes, in the order of `free`, and gives the outputs. */
  readonly build: (
    model: ModelBuilder,
    graph: Graph,
    sizes: readonly number[],
  ) => Readonly<Record<string, Value>>;
}

/** What a text encoder is to a pipeline that runs the graphs. */
export interface OnnxText extends OnnxPart {
  /** Which of the conditioning's tokens it reads. */
  readonly tokens: string;
  /** The output that the denoiser reads. */
  readonly states: string;
  /** The output that stands for the whole text, where the denoiser reads that. */
  readonly whole: string | null;
}

/** A model as a pipeline of graphs. */
export interface OnnxPipeline {
  /** Optimum's class of it. */
  readonly className: string;
  /** Their states side by side are what the denoiser reads. */
  readonly texts: readonly OnnxText[];
  readonly unet: OnnxPart;
  readonly encoder: OnnxPart;
  readonly decoder: OnnxPart;
}

/** Every graph of it. */
export function partsOf({ texts, unet, encoder, decoder }: OnnxPipeline): readonly OnnxPart[] {
  return [...texts, unet, encoder, decoder];
}
