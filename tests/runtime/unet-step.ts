import { gradients } from '../../native/autodiff/gradients.ts';
import type { Value } from '../../native/graph/graph.ts';
import { mul } from '../../native/graph/ops/elementwise.ts';
import { reduceMean } from '../../native/graph/ops/reduce.ts';
import { serializeModel } from '../../native/graph/serialize.ts';
import type { Runtime, Tensor } from '../../native/runtime/runtime.ts';
import { buildReferenceModel } from '../models/reference-model.ts';

/** Mean square of a tiny UNet's output and its gradient by every parameter, by name, as the runtime computes them. */
export async function unetStep(runtime: Runtime): Promise<Map<string, Float32Array>> {
  const { graph, outputs, parameters, data } = await buildReferenceModel('unet-tiny');
  const sample = outputs.sample!;
  const loss = reduceMean(
    mul(sample, sample),
    sample.shape.map((_, i) => i),
  );
  const names = Array.from(parameters.values.keys(), ({ name }) => name);
  const found = gradients(graph, loss, [...parameters.values.values()]);
  const wanted: Record<string, Value> = { loss };
  for (const [i, name] of names.entries()) wanted[`d ${name}`] = found[i]!;

  const session = await runtime.createSession(serializeModel(graph, wanted).model);
  const inputs = Object.fromEntries(
    graph.inputs.map(({ name, type, shape }) => [name, runtime.tensor(type, shape, data.get(name))]),
  );
  const results: Record<string, Tensor> = Object.fromEntries(
    Object.entries(wanted).map(([name, { type, shape }]) => [name, runtime.tensor(type, shape)]),
  );
  await session.bind(inputs, results).run();
  const read = new Map<string, Float32Array>();
  for (const [name, tensor] of Object.entries(results)) {
    const length = tensor.shape.reduce((product, extent) => product * extent, 1);
    read.set(name, await tensor.read(new Float32Array(length)));
  }
  return read;
}
