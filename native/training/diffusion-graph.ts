import { Graph, type Value } from '../graph/graph.ts';
import { clipText, type ClipTextConfig } from '../models/clip-text.ts';
import { type Adapter, InputParameters } from '../models/model-builder.ts';
import { unet, type UNetConfig } from '../models/unet.ts';
import type { PredictionType } from '../noise/scheduler-config.ts';
import type { LossGraph } from './artifacts.ts';
import { addNoise, diffusionLoss } from './diffusion-loss.ts';

export interface DiffusionGraphOptions {
  readonly unet: UNetConfig;
  /** Given where the text encoder is part of the graph; else its hidden states are an input. */
  readonly text: ClipTextConfig | null;
  readonly predictionType: PredictionType;
  /** `full`: all weights in the graph are trained. LoRA: adapters of this rank and scale (alpha / rank) alone. */
  readonly trained: 'full' | { readonly rank: number; readonly scale: number };
  readonly batch: number;
  /** Of the latents. */
  readonly height: number;
  readonly width: number;
  readonly tokens: number;
  readonly matrixConv?: boolean;
}

/** Prefixes of parameter names, before the state-dict key or module path. */
export const parameterPrefixes = { unet: 'unet.', text_encoder: 'text_encoder.' } as const;
export type TrainedComponent = keyof typeof parameterPrefixes;

/** Name of a module's adapter among the parameters: `lora.unet.<module path>.down`. */
export function adapterName(component: TrainedComponent, module: string, part: 'down' | 'up'): string {
  return `lora.${component}.${module}.${part}`;
}

/** The component and module path an adapter's name stands for, or `null` for another parameter's. */
export function parseAdapterName(
  name: string,
): { component: TrainedComponent; module: string; part: 'down' | 'up' } | null {
  const match = /^lora\.(unet|text_encoder)\.(.+)\.(down|up)$/.exec(name);
  if (!match) return null;
  return { component: match[1] as TrainedComponent, module: match[2]!, part: match[3] as 'down' | 'up' };
}

/**
 * The denoising loss of a batch. Inputs besides parameters: `latents` and `noise` [n, c, h, w], `timesteps`,
 * `signal_rate`, `noise_rate` and `loss_weights` [n], and `encoder_hidden_states` [n, tokens, d] or, with the text
 * encoder in the graph, `input_ids` int64 [n, tokens].
 */
export function buildDiffusionGraph(options: DiffusionGraphOptions): LossGraph {
  const { batch: n, height, width, tokens, trained } = options;
  const graph = new Graph();
  const adapters = new Map<string, Value>();
  const builder = (component: TrainedComponent): InputParameters =>
    new InputParameters(graph, parameterPrefixes[component], {
      matrixConv: options.matrixConv ?? false,
      adapter: (module, inFeatures, outFeatures) =>
        trained === 'full' || !takesAdapter(component, module)
          ? null
          : buildAdapter(graph, adapters, component, module, inFeatures, outFeatures, trained),
    });
  const denoiser = builder('unet');
  const encoder = builder('text_encoder');

  const latentShape = [n, options.unet.inChannels, height, width];
  const batch = {
    latents: graph.input('latents', 'float32', latentShape),
    noise: graph.input('noise', 'float32', latentShape),
    signalRate: graph.input('signal_rate', 'float32', [n]),
    noiseRate: graph.input('noise_rate', 'float32', [n]),
    lossWeights: graph.input('loss_weights', 'float32', [n]),
  };
  const timesteps = graph.input('timesteps', 'float32', [n]);
  const encoderHiddenStates = options.text
    ? clipText(encoder, options.text, graph.input('input_ids', 'int64', [n, tokens]))
    : graph.input('encoder_hidden_states', 'float32', [n, tokens, options.unet.crossAttentionDim]);
  const predicted = unet(denoiser, options.unet, { sample: addNoise(batch), timesteps, encoderHiddenStates });
  const loss = diffusionLoss(predicted, batch, options.predictionType);

  const weights = new Map(
    [...encoder.values.values(), ...denoiser.values.values()].map((value) => [value.name, value]),
  );
  const { tapsFirst } = denoiser;
  return trained === 'full'
    ? { graph, loss, trainable: weights, frozen: new Map(), tapsFirst }
    : { graph, loss, trainable: adapters, frozen: weights, tapsFirst };
}

/** kohya's default targets: every linear layer and 1x1 convolution of the transformers, attention and MLP of CLIP. */
export function takesAdapter(component: TrainedComponent, module: string): boolean {
  return component === 'unet' ? module.includes('.attentions.') : module.includes('.layers.');
}

function buildAdapter(
  graph: Graph,
  adapters: Map<string, Value>,
  component: TrainedComponent,
  module: string,
  inFeatures: number,
  outFeatures: number,
  { rank, scale }: { readonly rank: number; readonly scale: number },
): Adapter {
  const part = (name: 'down' | 'up', shape: readonly number[]): Value => {
    const key = adapterName(component, module, name);
    const value = graph.input(key, 'float32', shape);
    adapters.set(key, value);
    return value;
  };
  return { down: part('down', [rank, inFeatures]), up: part('up', [outFeatures, rank]), scale };
}
