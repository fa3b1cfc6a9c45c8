import { InferenceSession, Tensor } from 'onnxruntime-node';

import type { DataArray, DataType } from '../../native/graph/data-type.ts';
import type { Graph, Value } from '../../native/graph/graph.ts';
import { serializeModel } from '../../native/graph/serialize.ts';

/** Runs a graph once on plain onnxruntime-node, without Screenfold's own runtime between. */
export async function evaluate(
  graph: Graph,
  outputs: Readonly<Record<string, Value>>,
  inputs: ReadonlyMap<string, DataArray>,
): Promise<Map<string, Float32Array>> {
  // An output may be called what an input is called.
  const named = Object.entries(outputs).map(([name, value]) => [`output ${name}`, value]);
  const { model } = serializeModel(graph, Object.fromEntries(named) as Record<string, Value>);
  const session = await InferenceSession.create(model, { logSeverityLevel: 2 });
  try {
    const feeds = Object.fromEntries(
      graph.inputs.map((input) => {
        const data = inputs.get(input.name);
        if (!data) throw new Error(`no data for the input ${input.name}`);
        return [input.name, tensorOf(input.type, data, input.shape)];
      }),
    );
    const results = await session.run(feeds);
    return new Map(
      Object.entries(results).map(([name, tensor]) => [name.slice(7), tensor.data as Float32Array]),
    );
  } finally {
    await session.release();
  }
}

function tensorOf(type: DataType, data: DataArray, shape: readonly number[]): Tensor {
  if (type !== 'float16') return new Tensor(type, data as Float32Array, shape);
  // The package makes a Float16Array of it where there are such, which its own native half does not know.
  const bits = new Tensor('uint16', data as Uint16Array, shape);
  Object.defineProperty(bits, 'type', { value: 'float16' });
  return bits;
}

/** Largest absolute difference of two equally long arrays. */
export function maxDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Infinity;
  let worst = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs(a[i]! - b[i]!);
    if (!(difference <= worst)) worst = difference;
  }
  return worst;
}

/** ‖a - b‖ / ‖b‖. */
export function relativeDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Infinity;
  let [difference, norm] = [0, 0];
  for (let i = 0; i < a.length; i++) {
    difference += (a[i]! - b[i]!) ** 2;
    norm += b[i]! ** 2;
  }
  return Math.sqrt(difference / norm);
}
