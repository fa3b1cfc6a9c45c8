import { allocate, type DataArray, elementCount } from '../../native/graph/data-type.ts';
import type { Graph, Value } from '../../native/graph/graph.ts';
import { serializeModel } from '../../native/graph/serialize.ts';
import type { Runtime, SessionOptions, Tensor } from '../../native/runtime/runtime.ts';

/** Float32 results of a graph run once, by name. */
export async function runGraph(
  runtime: Runtime,
  graph: Graph,
  outputs: Readonly<Record<string, Value>>,
  data: ReadonlyMap<string, DataArray>,
  options: SessionOptions = {},
): Promise<Map<string, Float32Array>> {
  const named = Object.fromEntries(
    Object.entries(outputs).map(([name, value]) => [`output ${name}`, value] as const),
  );
  const session = await runtime.createSession(serializeModel(graph, named).model, options);
  const inputs = Object.fromEntries(
    graph.inputs.map(({ name, type, shape }) => [name, runtime.tensor(type, shape, data.get(name)?.slice())]),
  );
  const results: Record<string, Tensor> = Object.fromEntries(
    Object.entries(named).map(([name, { type, shape }]) => [name, runtime.tensor(type, shape)]),
  );
  try {
    await session.bind(inputs, results).run();
    const read = new Map<string, Float32Array>();
    for (const name of Object.keys(outputs)) {
      const tensor = results[`output ${name}`]!;
      read.set(name, await tensor.read(allocate('float32', elementCount(tensor.shape))));
    }
    return read;
  } finally {
    await session.dispose();
    for (const tensor of [...Object.values(inputs), ...Object.values(results)]) tensor.dispose();
  }
}

/**
 * How far results are from those expected: ‖a - b‖ / ‖b‖ of the worst, or ‖a - b‖ where ‖b‖ is less than 1e-3 of the number
 * of elements' root.
 */
export function worstDifference(
  found: ReadonlyMap<string, ArrayLike<number>>,
  expected: ReadonlyMap<string, ArrayLike<number>>,
): { readonly name: string; readonly difference: number } {
  let worst = { name: '', difference: 0 };
  for (const [name, theirs] of expected) {
    const difference = differenceOf(found.get(name) ?? [], theirs);
    if (!(difference <= worst.difference)) worst = { name, difference };
  }
  return worst;
}

function differenceOf(mine: ArrayLike<number>, theirs: ArrayLike<number>): number {
  if (mine.length !== theirs.length) return Infinity;
  let [difference, norm] = [0, 0];
  for (let i = 0; i < mine.length; i++) {
    difference += (mine[i]! - theirs[i]!) ** 2;
    norm += theirs[i]! ** 2;
  }
  const least = 1e-3 * Math.sqrt(mine.length);
  return Math.sqrt(difference) / (norm < least ** 2 ? 1 : Math.sqrt(norm));
}
