import type { DataArray } from '../../native/graph/data-type.ts';
import { Graph, type Value } from '../../native/graph/graph.ts';
import { float32ToFloat16 } from '../../native/graph/half.ts';
import { cast } from '../../native/graph/ops/elementwise.ts';
import { decode, encode, readAutoencoderConfig } from '../../native/models/autoencoder.ts';
import { clipText, readClipTextConfig } from '../../native/models/clip-text.ts';
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

/**
 * One of the models of `tests/reference/models.py` as a graph, with its weights and inputs at hand. With the type float16 its
 * parameters and activations are that; what it is given, but for weights, and what it gives are float32 all the same.
 */
export async function buildReferenceModel(
  name: ModelName,
  adapters?: (graph: Graph) => (module: AdaptableModule) => Adapter | null,
  type: 'float32' | 'float16' = 'float32',
): Promise<ReferenceModel> {
  const fixture = await readModelFixture(name);
  const graph = new Graph();
  const parameters = new InputParameters(graph, { type, ...(adapters && { adapter: adapters(graph) }) });
  const inputs: Record<string, Value> = {};
  const data = new Map<string, DataArray>();
  for (const [key, tensor] of fixture.inputs) {
    inputs[key] = graph.input(key, key === 'timestep' ? 'float32' : tensor.type, tensor.shape);
    data.set(key, key === 'timestep' ? Float32Array.from(Array.from(tensor.data, Number)) : tensor.data);
  }
  const given = (key: string): Value => (key === 'input_ids' ? inputs[key]! : cast(inputs[key]!, type));
  const made = buildOutputs(name, fixture.config, parameters, given, inputs.timestep);
  const outputs = Object.fromEntries(
    Object.entries(made).map(([key, value]) => [key, cast(value, 'float32')]),
  );
  for (const { name: parameter } of parameters.parameters) {
    const weight = fixture.weights.get(parameter);
    if (!weight) continue;
    const { data: values } = weight;
    data.set(parameter, type === 'float16' ? float32ToFloat16(values as Float32Array) : values);
  }
  return { graph, fixture, parameters, outputs, inputs, data };
}

/** The parameters' values by their names. */
export function valuesByName({ values }: InputParameters): ReadonlyMap<string, Value> {
  return new Map([...values].map(([{ name }, value]) => [name, value]));
}

function buildOutputs(
  name: ModelName,
  config: unknown,
  parameters: InputParameters,
  given: (input: string) => Value,
  timesteps: Value | undefined,
): Record<string, Value> {
  if (name.startsWith('unet')) {
    const sample = unet(parameters, readUNetConfig(config), {
      sample: given('sample'),
      timesteps: timesteps!,
      promptStates: given('encoder_hidden_states'),
    });
    return { sample };
  }
  if (name.startsWith('clip')) {
    return { last_hidden_state: clipText(parameters, readClipTextConfig(config), given('input_ids')) };
  }
  const vae = readAutoencoderConfig(config);
  const { mean, logVariance } = encode(parameters, vae, given('sample'));
  return { mean, logvar: logVariance, decoded: decode(parameters, vae, given('latents')) };
}
