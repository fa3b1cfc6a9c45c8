import { Graph, type Value } from '../graph/graph.ts';
import { matmul } from '../graph/ops/matmul.ts';
import { reduceSum } from '../graph/ops/reduce.ts';
import { serializeModel } from '../graph/serialize.ts';
import type { Runtime, Tensor } from './runtime.ts';

/** Edge of the matrices that are multiplied. */
const edge = 1024;
/** Products until there are so many, or this time is over, after one that readies the device. */
const [most, seconds] = [50, 1];

/** Billions of float32 operations a second, multiplying matrices of 1024 x 1024 that lie on the device. */
export async function productRate(runtime: Runtime): Promise<number> {
  const graph = new Graph();
  const inputs = ['x', 'y'].map((name) => graph.input(name, 'float32', [edge, edge])) as [Value, Value];
  // Read after every run, since devices take work and do it later.
  const sum = reduceSum(matmul(...inputs), [0, 1]);
  const session = await runtime.createSession(serializeModel(graph, { sum }).model);
  const matrix = (): Tensor => runtime.tensor('float32', [edge, edge], new Float32Array(edge ** 2).fill(1));
  const [x, y, result] = [matrix(), matrix(), runtime.tensor('float32', [])];
  const single = new Float32Array(1);
  try {
    const bound = session.bind({ x, y }, { sum: result });
    const run = async (): Promise<void> => {
      await bound.run();
      const [found] = await result.read(single);
      if (found !== edge ** 3) throw new Error(`It computes ${found!} where ${edge ** 3} is right.`);
    };
    await run();
    let [done, passed] = [0, 0];
    const begun = performance.now();
    while (done < most && passed < seconds) {
      await run();
      done++;
      passed = (performance.now() - begun) / 1000;
    }
    return (done * 2 * edge ** 3) / passed / 1e9;
  } finally {
    await session.dispose();
    for (const tensor of [x, y, result]) tensor.dispose();
  }
}
