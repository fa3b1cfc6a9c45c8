import { messageOf } from '../../native/failure.ts';
import type { DataArray } from '../../native/graph/data-type.ts';
import type { Graph, Value } from '../../native/graph/graph.ts';
import type { Runtime } from '../../native/runtime/runtime.ts';
import { castGraph, float16Cases } from '../../tests/autodiff/float16-cases.ts';
import { linearCases } from '../../tests/autodiff/linear-cases.ts';
import { smoothCases } from '../../tests/autodiff/smooth-cases.ts';
import {
  type Arrays,
  type Build,
  type Shapes,
  startOf,
  weightedSum,
} from '../../tests/autodiff/weighted-sum.ts';
import { type Check, type CheckContext, exact, type Finding } from './check.ts';
import { runGraph, worstDifference } from './run-graph.ts';
import { smallestOfEach } from './smallest-cases.ts';

interface RunCase {
  readonly graph: Graph;
  readonly outputs: Readonly<Record<string, Value>>;
  readonly data: ReadonlyMap<string, DataArray>;
}

interface KernelCase {
  readonly name: string;
  readonly shapes: Shapes;
  readonly make: Build;
  /** What the device runs, and what the processor runs to compare. */
  readonly build: () => { readonly device: RunCase; readonly cpu: RunCase };
}

function float32Case(name: string, shapes: Shapes, build: Build, start?: Arrays): KernelCase {
  return {
    ...{ name, shapes, make: build },
    build: () => {
      const { graph, outputs } = weightedSum(shapes, build);
      const run = { graph, outputs, data: new Map(Object.entries(start ?? startOf(shapes))) };
      return { device: run, cpu: run };
    },
  };
}

export const inFloat32: readonly KernelCase[] = [
  ...linearCases.map(([name, shapes, build]) => float32Case(name, shapes, build)),
  ...smoothCases.map(({ name, shapes, build, start }) => float32Case(name, shapes, build, start)),
];

/** Every operator and gradient rule, and the kernels made of them, in float32. Short sums: a few roundings. */
export const kernels: Check = (context) => compareAll(context, inFloat32, 2e-5);

export const inFloat16 = float16Cases.map((theCase): KernelCase => ({
  ...{ name: theCase.name, shapes: theCase.shapes, make: theCase.build },
  build: () => ({ device: castGraph(theCase, 'float16'), cpu: castGraph(theCase, 'float32') }),
}));

/** The same in float16, beside the processor's float32: up to a dozen roundings of 2^-11. */
export const float16Kernels: Check = (context) => compareAll(context, inFloat16, 4e-3);

async function compareAll(
  { open, openCpu, report, after, short }: CheckContext,
  cases: readonly KernelCase[],
  tolerance: number,
): Promise<Finding> {
  const [device, cpu] = [await open(exact), await openCpu()];
  const failed: { readonly case: string; readonly error: string }[] = [];
  const fellToCpu: string[] = [];
  // What is made of several operators, such as convolutions by Winograd's method, takes a driver on the processor minutes to compile.
  const chosen = short ? smallestOfEach(cases) : cases;
  let worst = { case: '', difference: 0 };
  for (const { name, build } of chosen.slice(chosen.findIndex(({ name }) => name === after) + 1)) {
    report({ at: name, failed, fellToCpu, worst });
    try {
      const runs = build();
      const { found, fell } = await runOnDevice(device, runs.device);
      if (fell) fellToCpu.push(name);
      const expected = await runGraph(cpu, runs.cpu.graph, runs.cpu.outputs, runs.cpu.data);
      const { name: output, difference } = worstDifference(found, expected);
      if (!(difference <= worst.difference)) worst = { case: name, difference };
      if (!(difference <= tolerance))
        failed.push({ case: name, error: `${output} differs by ${difference}` });
    } catch (error) {
      failed.push({ case: name, error: messageOf(error) });
    }
  }
  return { ok: failed.length === 0, cases: chosen.length, failed, fellToCpu, worst, tolerance };
}

/** Once without the processor's help and, where that is refused, once with it. */
async function runOnDevice(
  device: Runtime,
  { graph, outputs, data }: RunCase,
): Promise<{ readonly found: Map<string, Float32Array>; readonly fell: boolean }> {
  const onCpu = device.provider === 'cpu';
  try {
    return { found: await runGraph(device, graph, outputs, data, { cpuFallback: onCpu }), fell: false };
  } catch (error) {
    if (onCpu || !/assigned to the default CPU EP/i.test(messageOf(error))) throw error;
    return { found: await runGraph(device, graph, outputs, data), fell: true };
  }
}
