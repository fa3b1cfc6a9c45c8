import type { Conditioning, Denoiser, Rows } from '../families/family.ts';
import type { DataType } from '../graph/data-type.ts';
import { Graph, type Value } from '../graph/graph.ts';
import { newWordsKey } from '../models/clip-text.ts';
import { type Adapter, InputParameters } from '../models/model-builder.ts';
import type { Parameter } from '../models/parameter.ts';
import type { NoiseProcess } from '../noise/noise-process.ts';
import { type AdapterPlan, buildAdapter, shapeOn } from './adapter.ts';
import type { LossGraph } from './artifacts.ts';
import type { BatchShape } from './batch-shape.ts';
import { addNoise, diffusionLoss, type LossForm } from './diffusion-loss.ts';

export interface DiffusionGraphOptions {
  readonly denoiser: Denoiser;
  readonly conditioning: Pick<Conditioning, 'tokens' | 'states' | 'facts' | 'encode'>;
  readonly noise: Pick<NoiseProcess, 'predictionType'>;
  /** Whether the text encoders are part of the graph; else their states are inputs. */
  readonly encodes: boolean;
  /**
   * `full`: all weights in the graph are trained. `new-words`: the vectors of new words alone. Else adapters alone, on the modules
   * that take them.
   */
  readonly trained: 'full' | 'new-words' | AdapterPlan;
  /** Its size is that of the latents. */
  readonly shape: BatchShape;
  readonly loss?: LossForm;
  readonly matrixConv?: boolean;
  /** What frozen weights are held in; float32 unless said otherwise. */
  readonly frozenType?: (component: string, key: string) => DataType;
}

const isNewWord = (key: string): boolean => key === newWordsKey;

/**
 * The denoising loss of a batch. Inputs besides parameters: `latents` and `noise` [n, c, h, w], `timesteps`,
 * `signal_rate`, `noise_rate` and `loss_weights` [n], and the states that the denoiser takes (`encoder_hidden_states`
 * [n, tokens, d]) or, with the text encoders in the graph, their tokens (`input_ids` int64 [n, tokens]). By the form of the loss
 * also `robust_weights` and `robust_thresholds` [n], and `added_noise` like `noise`; where adapters drop ranks,
 * `rankInput` of each [n, rank].
 */
export function buildDiffusionGraph(options: DiffusionGraphOptions): LossGraph {
  const {
    denoiser,
    conditioning,
    noise,
    encodes,
    trained,
    shape,
    loss: form = {},
    matrixConv = false,
  } = options;
  const frozenType = options.frozenType ?? ((): DataType => 'float32');
  const { rows: n } = shape;
  const { height, width } = shape.size!;
  const graph = new Graph();
  const adapters = new Map<Parameter, Value>();
  const builders = new Map<string, InputParameters>();
  const builder = (component: string): InputParameters => {
    const known = builders.get(component);
    if (known) return known;
    const made = new InputParameters(graph, {
      component,
      prefix: `${component}.`,
      trained: trained === 'new-words' ? isNewWord : trained === 'full',
      matrixConv,
      ...(trained !== 'full' && {
        held: (key) => (trained === 'new-words' && isNewWord(key) ? 'float32' : frozenType(component, key)),
      }),
      adapter: (module): Adapter | null => {
        if (typeof trained === 'string') return null;
        const shape = shapeOn(trained, component, module);
        if (shape === null) return null;
        return buildAdapter(graph, adapters, component, module, shape, trained, n);
      },
    });
    builders.set(component, made);
    return made;
  };
  const inputs = (rows: Rows): Record<string, Value> =>
    Object.fromEntries(
      Object.entries(rows).map(([name, row]) => [name, graph.input(name, row.type, [n, ...row.shape])]),
    );

  const latentShape = [n, denoiser.channels, height, width];
  const batch = {
    latents: graph.input('latents', 'float32', latentShape),
    noise: graph.input('noise', 'float32', latentShape),
    signalRate: graph.input('signal_rate', 'float32', [n]),
    noiseRate: graph.input('noise_rate', 'float32', [n]),
    lossWeights: graph.input('loss_weights', 'float32', [n]),
    ...(form.robust && {
      robust: {
        kind: form.robust,
        weights: graph.input('robust_weights', 'float32', [n]),
        thresholds: graph.input('robust_thresholds', 'float32', [n]),
      },
    }),
    ...(form.masked && { mask: graph.input('loss_mask', 'float32', [n, 1, height, width]) }),
    ...(form.perturbs && { addedNoise: graph.input('added_noise', 'float32', latentShape) }),
  };
  const timesteps = graph.input('timesteps', 'float32', [n]);
  const states = encodes
    ? conditioning.encode(builder, inputs(conditioning.tokens))
    : inputs(conditioning.states);
  const predicted = denoiser.predict(builder(denoiser.component), {
    sample: addNoise(batch),
    timesteps,
    conditioning: { ...states, ...inputs(conditioning.facts) },
  });
  const loss = diffusionLoss(predicted, batch, noise.predictionType);
  const weights = [...builders.values()].flatMap(({ values }) => [...values]);
  return { graph, loss, parameters: new Map([...adapters, ...weights]) };
}
