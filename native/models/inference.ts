import type { ComputePrecision } from '../facts/precision.ts';
import { allocate, type DataArray, elementCount } from '../graph/data-type.ts';
import { checkElementCounts } from '../graph/element-limit.ts';
import { Graph, type Value } from '../graph/graph.ts';
import { inHalfPrecision } from '../graph/in-half-precision.ts';
import { serializeModel } from '../graph/serialize.ts';
import type { HostTensor, Runtime } from '../runtime/runtime.ts';
import { largeModel } from './large-model.ts';
import { InputParameters, type InputParametersOptions, type ModelBuilder } from './model-builder.ts';
import { type BoundInference, type InferenceGraph, openInStages } from './staged-inference.ts';
import { halfWeight, type ReadWeight, type WeightType } from './weight-tensor.ts';

export interface Inference {
  /** Runs the model once. The arrays it resolves to are overwritten by the next run. */
  run(
    inputs: Readonly<Record<string, DataArray>>,
  ): Promise<Readonly<Record<string, Float32Array<ArrayBuffer>>>>;
  dispose(): Promise<void>;
}

/** Declares inputs on the graph and gives the outputs by name. */
export type BuildInference = (
  builders: (component: string) => ModelBuilder,
  graph: Graph,
) => Readonly<Record<string, Value>>;

/** A model opened, not bound to tensors yet. */
export interface OpenedModel extends BoundInference {
  /** What it takes besides its weights. */
  readonly inputs: readonly Value[];
  readonly outputs: Readonly<Record<string, Value>>;
}

/**
 * A model ready to be run forward on inputs of fixed shapes. A small one has its weights as constants of the session, which
 * lets ONNX Runtime fold and pre-pack them; a large one is run module by module over weights as their file has them. In
 * float16, weights and products are. `capture`: it is bound once alone, so that it may be captured.
 */
export async function openModelGraph(
  runtime: Runtime,
  readWeight: ReadWeight,
  build: BuildInference,
  weightType: WeightType = () => 'float32',
  precision: ComputePrecision = 'float32',
  capture = false,
): Promise<OpenedModel> {
  const whole = buildGraph(build, () => ({}));
  const large = runtime.tensorsAreArrays && weightCount(whole) >= largeModel;
  const single = large
    ? buildGraph(build, (component) => ({
        held: (key) => weightType({ component, key }),
        matrixConv: runtime.prefersMatrixConv,
      }))
    : whole;
  const built = precision === 'float16' ? inHalf(single) : single;
  const { graph, outputs, parameters } = built;
  if (!runtime.tensorsAreArrays) checkElementCounts(graph, Object.values(outputs));
  const { bind, dispose } = await (large
    ? openInStages(runtime, readWeight, built)
    : openWhole(runtime, readWeight, built, capture));
  const weightNames = new Set(parameters.map(({ name }) => name));
  const inputs = graph.inputs.filter(({ name }) => !weightNames.has(name));
  return { inputs, outputs, bind, dispose };
}

/** The same over tensors of its own. */
export async function openInference(
  runtime: Runtime,
  readWeight: ReadWeight,
  build: BuildInference,
  weightType?: WeightType,
  precision?: ComputePrecision,
): Promise<Inference> {
  const opened = await openModelGraph(runtime, readWeight, build, weightType, precision, true);
  const inputs = Object.fromEntries(
    opened.inputs.map(({ name, type, shape }) => [name, runtime.tensor(type, shape)]),
  );
  const results = Object.fromEntries(
    Object.entries(opened.outputs).map(([name, { shape }]) => {
      return [
        name,
        { tensor: runtime.tensor('float32', shape), host: allocate('float32', elementCount(shape)) },
      ];
    }),
  );
  const bound = opened.bind(
    inputs,
    Object.fromEntries(Object.entries(results).map(([name, { tensor }]) => [name, tensor])),
  );
  return {
    run: async (data) => {
      for (const [name, tensor] of Object.entries(inputs)) {
        const array = data[name];
        if (!array) throw new Error(`The model's input ${name} was not given.`);
        tensor.write(array);
      }
      await bound.run();
      for (const { tensor, host } of Object.values(results)) await tensor.read(host);
      return Object.fromEntries(Object.entries(results).map(([name, { host }]) => [name, host]));
    },
    dispose: async () => {
      bound.dispose();
      await opened.dispose();
      for (const tensor of Object.values(inputs)) tensor.dispose();
      for (const { tensor } of Object.values(results)) tensor.dispose();
    },
  };
}

function buildGraph(
  build: BuildInference,
  optionsOf: (component: string) => InputParametersOptions,
): InferenceGraph {
  const graph = new Graph();
  const builders = new Map<string, InputParameters>();
  const outputs = build((component) => {
    // No model input has a slash in its name, so no parameter can be called as one.
    const options = { component, prefix: `weight/${component}/`, ...optionsOf(component) };
    const builder = builders.get(component) ?? new InputParameters(graph, options);
    builders.set(component, builder);
    return builder;
  }, graph);
  return { graph, outputs, parameters: [...builders.values()].flatMap(({ parameters }) => parameters) };
}

/** The same in half precision, weights float16; it is given and gives what it was. */
function inHalf({ graph: single, outputs, parameters }: InferenceGraph): InferenceGraph {
  const names = new Set(parameters.map(({ name }) => name));
  const halfInputs = new Set(single.inputs.filter(({ name }) => names.has(name)));
  const { graph, valueOf } = inHalfPrecision(single, { results: Object.values(outputs), halfInputs });
  return {
    graph,
    outputs: Object.fromEntries(Object.entries(outputs).map(([name, value]) => [name, valueOf(value)])),
    parameters: parameters.map((parameter) => ({ ...parameter, type: 'float16' })),
  };
}

function weightCount({ parameters }: InferenceGraph): number {
  return parameters.reduce((sum, { shape }) => sum + elementCount(shape), 0);
}

/** Its convolutions are left to the provider: with constant weights its own are as fast as Winograd's method, or faster. */
async function openWhole(
  runtime: Runtime,
  readWeight: ReadWeight,
  { graph, outputs, parameters }: InferenceGraph,
  capture: boolean,
): Promise<BoundInference> {
  const initializers: Record<string, HostTensor> = {};
  for (const parameter of parameters) {
    const { name, shape, type } = parameter;
    const data = type === 'float16' ? await halfWeight(readWeight, parameter) : await readWeight(parameter);
    initializers[name] = { type, shape, data };
  }
  const { model } = serializeModel(graph, outputs, { initializers: Object.keys(initializers) });
  const session = await runtime.createSession(model, { initializers, capture });
  return {
    bind: (inputs, results) => session.bind(inputs, results),
    dispose: () => session.dispose(),
  };
}
