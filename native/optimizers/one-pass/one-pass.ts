import { clipFactor } from '../clipping.ts';
import { emaRateAt } from '../moving-average.ts';
import { type DeviceTensor, type OnePass, sharedKind, type UpdateRule } from '../optimizer.ts';
import type { Kernel, KernelKind } from './kernel.ts';
import { bytesFor, layOut, type Region } from './layout.ts';
import { onePassWasm } from './one-pass-wasm.ts';
import { runOnTwoThreads } from './two-threads.ts';

const pageSize = 65_536;
const mostPages = 65_536;

/** Where the memory has what a call goes by, in bytes, as `one-pass.wat` says. */
const header = { gradients: 0, averages: 4, clip: 8, kept: 12, taken: 16, places: 32, scalars: 96, end: 256 };

/**
 * An optimizer in one pass over memory instead of the dozen of its graph, by WebAssembly on two threads. All arrays lie in one
 * memory, which 32-bit addresses reach; `null` for models that do not fit.
 * @param kernelOf what steps a parameter; the same object for those that are stepped alike
 */
export function onePassOver(
  specs: readonly DeviceTensor[],
  { maxGradientNorm, ema, scalesLoss = false, upRate = 1 }: Omit<UpdateRule, 'optimizer'>,
  parts: number,
  kernelOf: (spec: DeviceTensor) => Kernel,
): OnePass | null {
  const layout = layOut(specs, kernelOf, upRate, header.end, (ema ? 2 : 1) + parts - 1);
  const { begin, stride, regions, parameters, tables } = layout;
  const pages = Math.ceil(layout.end / pageSize);
  if (stride === 0 || pages > mostPages) return null;

  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  const module = new WebAssembly.Module(Buffer.from(onePassWasm, 'base64'));
  const threads = runOnTwoThreads(module, memory, Math.max(...regions.map(({ kernel }) => kernel.alignment)));
  const [averages, further] = ema ? [2 * stride, 3 * stride] : [0, 2 * stride];
  new Int32Array(memory.buffer).set([stride, averages]);
  for (const [kernel, addresses] of tables)
    kernel.tables.forEach((table, i) => {
      const ArrayOf = table instanceof Int32Array ? Int32Array : Float32Array;
      new ArrayOf(memory.buffer, addresses[i], table.length).set(table);
    });
  const shared = [...tables.keys()].find((kernel) => kernel.shared)?.shared;
  const floats = new Float32Array(memory.buffer, 0, header.end / Float32Array.BYTES_PER_ELEMENT);
  const integers = new Int32Array(memory.buffer, 0, header.end / Int32Array.BYTES_PER_ELEMENT);
  const keptArray = ({ type }: KernelKind, at: number, length: number) => {
    const ArrayOf = type === 'uint8' ? Uint8Array : Float32Array;
    return new ArrayOf(memory.buffer, at, length);
  };
  for (const { kernel, places, entries, begin: from, end } of regions) {
    new Int32Array(memory.buffer, kernel.entryOf ? places[0] : 0, entries.length).set(entries);
    kernel.kinds.forEach((kind, i) => {
      const count = (end - from) / Float32Array.BYTES_PER_ELEMENT / kind.weights;
      if (kind.zero !== undefined) keptArray(kind, places[i]! + bytesFor(kind, from), count).fill(kind.zero);
    });
  }
  const callFor = (
    name: string,
    scalars: readonly number[],
    { places, begin: from, end }: Region,
  ): number => {
    integers.set(places, header.places / Int32Array.BYTES_PER_ELEMENT);
    floats.set(scalars, header.scalars / Float32Array.BYTES_PER_ELEMENT);
    return threads.call(name, from, end);
  };
  const arrayAt = (distance: number, name: string): Float32Array<ArrayBuffer> => {
    const { at, length } = parameters.get(name)!;
    return new Float32Array(memory.buffer, at + distance, length);
  };
  return {
    parts,
    array: (kind, name) => {
      if (kind === 'parameter') return arrayAt(0, name);
      if (kind === 'ema') return arrayAt(averages, name);
      if (kind === sharedKind) return shared![name]!;
      const kept = parameters.get(name)!.kinds.find((one) => one.kind.kind === kind)!;
      return keptArray(kept.kind, kept.at, kept.length);
    },
    gradient: (part, name) => arrayAt(part === 0 ? stride : further + (part - 1) * stride, name),
    update: (count, learningRate, emaDecay, partCount, lossScale = 1) => {
      const sum = threads.call('sumGradients', begin, begin + stride, stride, further, partCount);
      const norm = Math.sqrt(sum) / lossScale;
      if (scalesLoss && !Number.isFinite(norm)) return norm;
      const taken = Math.fround(emaRateAt(emaDecay));
      const clip = clipFactor(norm, maxGradientNorm) / lossScale;
      floats.set([clip, 1 - taken, taken], header.clip / Float32Array.BYTES_PER_ELEMENT);
      for (const kernel of tables.keys()) {
        const own = regions.filter((region) => region.kernel === kernel);
        const sumOver = (name: string, scalars: readonly number[]): number =>
          own.reduce((total, region) => total + callFor(name, scalars, region), 0);
        kernel.acrossAll?.(sumOver, count, learningRate);
      }
      for (const region of regions) {
        const { kernel, rate } = region;
        callFor(kernel.name, kernel.scalarsAt(count, learningRate * rate), region);
      }
      return norm;
    },
    dispose: () => threads.dispose(),
  };
}
