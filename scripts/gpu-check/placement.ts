import { join } from 'node:path';

import { fromBinary } from '@bufbuild/protobuf';

import { messageOf } from '../../native/failure.ts';
import { type DataType, onnxTypes } from '../../native/graph/data-type.ts';
import { ModelProtoSchema } from '../../native/graph/onnx_pb.js';
import type { Runtime, SessionOptions, Tensor } from '../../native/runtime/runtime.ts';
import { everyGraph, type NamedGraph } from '../../tests/training/every-graph.ts';
import { followSteps, stepVariants } from '../../tests/training/followed-steps.ts';
import { type Check, exact } from './check.ts';
import { countCrossings } from './crossings.ts';
import { type Placement, readPlacement } from './profile.ts';

/** Which nodes of every graph the processor would run, and what crosses the bus in a step. */
export const placement: Check = async ({ open, report, folder, provider, short }) => {
  const runtime = await open(exact);
  const onCpu = provider === 'cpu';
  // On the processor there is nothing to be found but whether the check itself goes its way.
  const graphs = (await everyGraph(join(folder, 'graphs'), provider)).filter(
    (_, i) => !(short && onCpu) || i % 12 === 0,
  );
  const fell: Record<string, Placement['onCpu']> = {};
  const failed: Record<string, string> = {};
  const copies: Record<string, number> = {};
  for (const [i, graph] of graphs.entries()) {
    report({ at: graph.name, fell, failed, copies });
    try {
      const profile = join(folder, `profile-${i}`);
      const alone = await runAlone(runtime, graph, { profile, cpuFallback: onCpu });
      if (!alone) await runOnce(runtime, graph, { profile });
      const placed = await readPlacement(profile);
      if (Object.keys(placed.nodes).length === 0) failed[graph.name] = 'its profile names no node';
      if (!onCpu && (!alone || Object.keys(placed.onCpu).length > 0)) fell[graph.name] = placed.onCpu;
      if (placed.copies > 0) copies[graph.name] = placed.copies;
    } catch (error) {
      failed[graph.name] = messageOf(error);
    }
  }
  const crossings = await crossingsOfAStep(runtime);
  const ok = [fell, failed, copies].every((found) => Object.keys(found).length === 0);
  return { ok, graphs: graphs.length, fell, failed, copies, crossingsOfAStep: crossings };
};

/** Runs a graph where the provider takes all of it; false where it does not. */
async function runAlone(runtime: Runtime, graph: NamedGraph, options: SessionOptions): Promise<boolean> {
  try {
    await runOnce(runtime, graph, options);
    return true;
  } catch (error) {
    if (/assigned to the default CPU EP/i.test(messageOf(error))) return false;
    throw error;
  }
}

/** Runs a model on zeros. */
async function runOnce(
  runtime: Runtime,
  { model, initializers }: NamedGraph,
  options: SessionOptions,
): Promise<void> {
  const session = await runtime.createSession(model, { initializers, ...options });
  const { graph } = fromBinary(ModelProtoSchema, model);
  const tensors = (values: NonNullable<typeof graph>['input']): Record<string, Tensor> =>
    Object.fromEntries(
      values.map(({ name, type }) => {
        const tensor = type!.value.value!;
        const dims = tensor.shape!.dim.map(({ value }) => Number(value.value));
        return [name, runtime.tensor(typeNamed(tensor.elemType), dims)];
      }),
    );
  const [inputs, outputs] = [tensors(graph!.input), tensors(graph!.output)];
  try {
    await session.bind(inputs, outputs).run();
  } finally {
    await session.dispose();
    for (const tensor of [...Object.values(inputs), ...Object.values(outputs)]) tensor.dispose();
  }
}

function typeNamed(number: number): DataType {
  return (Object.keys(onnxTypes) as DataType[]).find((name) => onnxTypes[name] === number)!;
}

/** Of the fourth of a training's steps; the batch goes in and loss and norm come out, and nothing else. */
async function crossingsOfAStep(runtime: Runtime): Promise<unknown> {
  const counting = countCrossings(runtime);
  const way = { onePass: true, matrixConv: runtime.prefersMatrixConv };
  const variant = stepVariants.find(({ name }) => name === 'plain')!;
  const counts = [];
  for (const steps of [3, 4]) {
    const { trainer } = await followSteps(counting.runtime, variant, steps, way);
    await trainer.dispose();
    counts.push(counting.taken());
  }
  const [three, four] = counts as [ReturnType<typeof counting.taken>, ReturnType<typeof counting.taken>];
  return {
    writes: four.writes - three.writes,
    reads: four.reads - three.reads,
    bytes: four.bytes - three.bytes,
  };
}
