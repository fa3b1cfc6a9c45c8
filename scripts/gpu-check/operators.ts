import { messageOf } from '../../native/failure.ts';
import { Graph } from '../../native/graph/graph.ts';
import { conv, convTranspose } from '../../native/graph/ops/conv.ts';
import { add, identity } from '../../native/graph/ops/elementwise.ts';
import { gemm, matmul } from '../../native/graph/ops/matmul.ts';
import { layerNormalization } from '../../native/graph/ops/norm.ts';
import { reduceMean, reduceSum, softmax } from '../../native/graph/ops/reduce.ts';
import { averagePool, upsampleNearest } from '../../native/graph/ops/resample.ts';
import { gather, transpose } from '../../native/graph/ops/shape.ts';
import { type Build, type Shapes, startOf } from '../../tests/autodiff/weighted-sum.ts';
import { type Check, exact } from './check.ts';
import { runGraph, worstDifference } from './run-graph.ts';

const padding = [1, 1, 1, 1] as const;
const image = [1, 4, 8, 8];

/** One operator each, of every library that a provider may find missing only when it is first asked. */
const probes: readonly (readonly [name: string, shapes: Shapes, build: Build])[] = [
  ['Identity', { x: [4] }, ({ x }) => identity(x!)],
  ['Add', { x: [4], y: [4] }, ({ x, y }) => add(x!, y!)],
  ['Transpose', { x: [2, 3, 4] }, ({ x }) => transpose(x!, [2, 0, 1])],
  ['Gather', { x: [4, 3] }, ({ x }) => gather(x!, x!.graph.constant('int64', [2], [3, 1]), 0)],
  ['MatMul', { x: [2, 3, 4], y: [2, 4, 5] }, ({ x, y }) => matmul(x!, y!)],
  ['Gemm', { x: [3, 4], y: [5, 4], b: [5] }, ({ x, y, b }) => gemm(x!, y!, b!, { transB: true })],
  ['Softmax', { x: [4, 8] }, ({ x }) => softmax(x!)],
  ['ReduceSum', { x: [4, 8] }, ({ x }) => reduceSum(x!, [0])],
  ['ReduceMean', { x: [4, 8] }, ({ x }) => reduceMean(x!, [1])],
  ['LayerNormalization', { x: [4, 8], y: [8] }, ({ x, y }) => layerNormalization(x!, y!, null, 1e-5).output],
  ['Conv', { x: image, w: [6, 4, 3, 3], b: [6] }, ({ x, w, b }) => conv(x!, w!, b!, { padding })],
  [
    'Conv of stride 2',
    { x: image, w: [6, 4, 3, 3] },
    ({ x, w }) => conv(x!, w!, null, { stride: 2, padding }),
  ],
  [
    'ConvTranspose',
    { x: [1, 6, 4, 4], w: [6, 4, 3, 3] },
    ({ x, w }) => convTranspose(x!, w!, { stride: 2, padding }, [8, 8]),
  ],
  ['AveragePool', { x: image }, ({ x }) => averagePool(x!, 2)],
  ['Resize', { x: image }, ({ x }) => upsampleNearest(x!, 2)],
];

/** Opens the device and runs the operators that need its libraries, each by itself. */
export const operators: Check = async ({ open, openCpu, report, after }) => {
  const begun = performance.now();
  const [device, cpu] = [await open(exact), await openCpu()];
  report({ runtime: device.description, openSeconds: (performance.now() - begun) / 1000 });
  const failed: { readonly operator: string; readonly error: string }[] = [];
  const onDevice = { cpuFallback: device.provider === 'cpu' };
  for (const [operator, shapes, build] of probes.slice(probes.findIndex(([name]) => name === after) + 1)) {
    report({ at: operator, failed });
    const graph = new Graph();
    const inputs = Object.entries(shapes).map(
      ([name, shape]) => [name, graph.input(name, 'float32', shape)] as const,
    );
    const outputs = { y: build(Object.fromEntries(inputs)) };
    const data = new Map(Object.entries(startOf(shapes)));
    try {
      const found = await runGraph(device, graph, outputs, data, onDevice);
      const { difference } = worstDifference(found, await runGraph(cpu, graph, outputs, data));
      if (!(difference < 1e-5)) failed.push({ operator, error: `differs by ${difference}` });
    } catch (error) {
      failed.push({ operator, error: messageOf(error) });
    }
  }
  return { ok: failed.length === 0, operators: probes.length, failed };
};
