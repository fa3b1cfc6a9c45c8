import { elementCount } from '../graph/data-type.ts';
import { Graph } from '../graph/graph.ts';
import { conv, convTranspose } from '../graph/ops/conv.ts';
import { gemm } from '../graph/ops/matmul.ts';
import { reduceSum } from '../graph/ops/reduce.ts';
import { averagePool } from '../graph/ops/resample.ts';
import { reshape } from '../graph/ops/shape.ts';
import { serializeModel } from '../graph/serialize.ts';
import type { Runtime } from './runtime.ts';

const same = { padding: [1, 1, 1, 1] } as const;

/**
 * Why a device does not serve; null where it does. Tries what its libraries are there for: they are opened when an operator
 * first needs them, so that one that is missing would else show in the middle of a training. Throws where a run fails.
 */
export async function tryOut(runtime: Runtime): Promise<string | null> {
  const numbers = Float32Array.of(1, 2, 3);
  const tensor = runtime.tensor('float32', [3], numbers);
  const back = await tensor.read(new Float32Array(3));
  tensor.dispose();
  if (!back.every((number, i) => number === numbers[i])) {
    return 'what was read back from the device is not what was written to it';
  }
  const found = await sumOfPicture(runtime);
  return found === expectedSum ? null : `it computes ${found} where ${expectedSum} is right`;
}

/**
 * Of 4x4 ones: Conv makes 4 in corners, 6 at edges, 9 inside; AveragePool 6.25 of each quarter; ConvTranspose puts a quarter
 * on 2 or 3 rows and columns, 25 places in all; Gemm by ones adds up four columns four times. Any order, and ten bits of
 * fraction, give the same.
 */
const expectedSum = 6.25 * 25 * 4;

async function sumOfPicture(runtime: Runtime): Promise<number> {
  const graph = new Graph();
  const x = graph.input('x', 'float32', [1, 1, 4, 4]);
  const kernel = graph.input('kernel', 'float32', [1, 1, 3, 3]);
  const matrix = graph.input('matrix', 'float32', [4, 4]);
  const quarters = averagePool(conv(x, kernel, null, same), 2);
  const spread = convTranspose(quarters, kernel, { stride: 2, ...same }, [4, 4]);
  const y = reduceSum(gemm(reshape(spread, [4, 4]), matrix, null, {}), [0, 1]);
  const session = await runtime.createSession(serializeModel(graph, { y }).model);
  const inputs = Object.fromEntries(
    graph.inputs.map(({ name, type, shape }) => {
      const ones = new Float32Array(elementCount(shape)).fill(1);
      return [name, runtime.tensor(type, shape, ones)] as const;
    }),
  );
  const result = runtime.tensor('float32', []);
  try {
    await session.bind(inputs, { y: result }).run();
    return (await result.read(new Float32Array(1)))[0]!;
  } finally {
    await session.dispose();
    for (const tensor of [...Object.values(inputs), result]) tensor.dispose();
  }
}
