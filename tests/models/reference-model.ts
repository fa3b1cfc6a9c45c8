import type { DataArray } from '../../native/graph/data-type.ts';
import { Graph, type Value } from '../../native/graph/graph.ts';
import { decode, encode, readAutoencoderConfig } from '../../native/models/autoencoder.ts';
import {
  clipText,
  penultimateClipText,
  projectedClipText,
  readClipTextConfig,
  readProjectedClipTextConfig,
} from '../../native/models/clip-text.ts';
import { type AdaptableModule, type Adapter, InputParameters } from '../../native/models/model-builder.ts';
import { readUNetConfig, unet } from '../../native/models/unet.ts';
import { type ModelFixture, type ModelName, readModelFixture } from '../reference/fixture.ts';

export interface ReferenceModel {
  readonly graph: Graph;
  readonly fixture: ModelFixture;
  readonly parameters: InputParameters;
  /** By the fixture's names of outputs. */
  readonly outputs: Readonly<Record<string, Value>>;
  /** Graph inputs by the fixture's names of inputs. */
  readonly inputs: Readonly<Record<string, Value>>;
  /** Weights and inputs, by the names of the graph's inputs. */
  readonly data: Map<string, DataArray>;
}

/** One of the models of `tests/reference/models.py` as a graph, with its weights and inputs at hand. */
export async function buildReferenceModel(
  name: ModelName,
  adapters?: (graph: Graph) => (module: AdaptableModule) => Adapter | null,
): Promise<ReferenceModel> {
  const fixture = await readModelFixture(name);
  const graph = new Graph();
  const parameters = new InputParameters(graph, adapters && { adapter: adapters(graph) });
  const inputs: Record<string, Value> = {};
  const data = new Map<string, DataArray>();
  for (const [key, tensor] of fixture.inputs) {
    inputs[key] = graph.input(key, key === 'timestep' ? 'float32' : tensor.type, tensor.shape);
    data.set(key, key === 'timestep' ? Float32Array.from(Array.from(tensor.data, Number)) : tensor.data);
  }
  const given = (key: string): Value => inputs[key]!;
  if (name === 'clip-sdxl-projected') {
    const { shape, data: ids } = fixture.inputs.get('input_ids')!;
    const [rows, tokens] = shape as readonly [number, number];
    inputs.end = graph.input('end', 'float32', [rows, tokens]);
    data.set('end', endsOf(ids as BigInt64Array, rows, tokens));
  }
  const outputs = buildOutputs(name, fixture.config, parameters, given, inputs);
  for (const { name: parameter } of parameters.parameters) {
    const weight = fixture.weights.get(parameter);
    if (weight) data.set(parameter, weight.data);
  }
  return { graph, fixture, parameters, outputs, inputs, data };
}

/** The parameters' values by their names. */
export function valuesByName({ values }: InputParameters): ReadonlyMap<string, Value> {
  return new Map([...values].map(([{ name }, value]) => [name, value]));
}

/** One where the token with the highest id is first in each row, else zero. */
function endsOf(ids: BigInt64Array, rows: number, tokens: number): Float32Array<ArrayBuffer> {
  const ends = new Float32Array(rows * tokens);
  for (let row = 0; row < rows; row++) {
    const own = Array.from(ids.subarray(row * tokens, (row + 1) * tokens), Number);
    ends[row * tokens + own.indexOf(Math.max(...own))] = 1;
  }
  return ends;
}

function buildOutputs(
  name: ModelName,
  config: unknown,
  parameters: InputParameters,
  given: (input: string) => Value,
  inputs: Readonly<Record<string, Value>>,
): Record<string, Value> {
  if (name.startsWith('unet')) {
    const sample = unet(parameters, readUNetConfig(config), {
      sample: given('sample'),
      timesteps: given('timestep'),
      promptStates: given('encoder_hidden_states'),
      ...(inputs.time_ids && { addition: { text: given('text_embeds'), facts: given('time_ids') } }),
    });
    return { sample };
  }
  if (name === 'clip-sdxl')
    return { penultimate: penultimateClipText(parameters, readClipTextConfig(config), given('input_ids')) };
  if (name === 'clip-sdxl-projected') {
    const read = readProjectedClipTextConfig(config);
    const { penultimate, pooled } = projectedClipText(parameters, read, given('input_ids'), inputs.end!);
    return { penultimate, text_embeds: pooled };
  }
  if (name.startsWith('clip')) {
    return { last_hidden_state: clipText(parameters, readClipTextConfig(config), given('input_ids')) };
  }
  const vae = readAutoencoderConfig(config);
  const { mean, logVariance } = encode(parameters, vae, given('sample'));
  return { mean, logvar: logVariance, decoded: decode(parameters, vae, given('latents')) };
}
