import { allocate, type DataArray, elementCount } from '../graph/data-type.ts';
import { checkElementCounts } from '../graph/element-limit.ts';
import { Graph, type Value } from '../graph/graph.ts';
import { serializeModel } from '../graph/serialize.ts';
import type { HostTensor, Runtime } from '../runtime/runtime.ts';
import { InputParameters, type ModelBuilder } from './model-builder.ts';
import type { Parameter } from './parameter.ts';

/** Where weights come from, by component and state-dict key. */
export type ReadWeight = (
  weight: Pick<Parameter, 'component' | 'key' | 'shape'>,
) => Promise<Float32Array<ArrayBuffer>>;

export interface Inference {
  /** Runs the model once. The arrays it resolves to are overwritten by the next run. */
  run(
    inputs: Readonly<Record<string, DataArray>>,
  ): Promise<Readonly<Record<string, Float32Array<ArrayBuffer>>>>;
  dispose(): Promise<void>;
}

/**
 * A model ready to be run forward on inputs of fixed shapes, its weights constants of the session, which lets
 * ONNX Runtime fold and pre-pack them. `build` declares inputs on the graph and returns the outputs by name.
 */
export async function openInference(
  runtime: Runtime,
  readWeight: ReadWeight,
  build: (builders: (component: string) => ModelBuilder, graph: Graph) => Readonly<Record<string, Value>>,
): Promise<Inference> {
  const graph = new Graph();
  // Convolutions are left to the provider: with constant weights its own are as fast as Winograd's method, or faster.
  // No model input has a slash in its name, so no parameter can be called as one.
  const builders = new Map<string, InputParameters>();
  const outputs = build((component) => {
    const builder =
      builders.get(component) ?? new InputParameters(graph, { component, prefix: `weight/${component}/` });
    builders.set(component, builder);
    return builder;
  }, graph);
  if (!runtime.tensorsAreArrays) checkElementCounts(graph, Object.values(outputs));
  const initializers: Record<string, HostTensor> = {};
  for (const { parameters } of builders.values()) {
    for (const parameter of parameters) {
      const { name, shape } = parameter;
      initializers[name] = { type: 'float32', shape, data: await readWeight(parameter) };
    }
  }
  const { model } = serializeModel(graph, outputs, { initializers: Object.keys(initializers) });
  const session = await runtime.createSession(model, { initializers });
  const inputs = Object.fromEntries(
    graph.inputs
      .filter((input) => !(input.name in initializers))
      .map(({ name, type, shape }) => [name, runtime.tensor(type, shape)]),
  );
  const results = Object.fromEntries(
    Object.entries(outputs).map(([name, { shape }]) => {
      return [
        name,
        { tensor: runtime.tensor('float32', shape), host: allocate('float32', elementCount(shape)) },
      ];
    }),
  );
  const bound = session.bind(
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
      await session.dispose();
      for (const tensor of Object.values(inputs)) tensor.dispose();
      for (const { tensor } of Object.values(results)) tensor.dispose();
    },
  };
}
