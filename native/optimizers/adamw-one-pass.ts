import type { SettingsOf } from '../facts/optimizers.ts';
import { elementCount } from '../graph/data-type.ts';
import { adamwScalarsAt } from './adamw-scalars.ts';
import { adamwWasm } from './adamw-wasm.ts';
import { clipFactor } from './clipping.ts';
import { emaRateAt } from './moving-average.ts';
import type { DeviceTensor, OnePass, UpdateRule } from './optimizer.ts';
import { runOnTwoThreads } from './two-threads.ts';

/** What a parameter has in the memory, in the order of its blocks. */
const blocks = ['parameter', 'firstMoment', 'secondMoment', 'gradient', 'ema'];

/** Bytes a tensor's beginning is aligned to: a line of the cache, and as long as the widest vectors there are. */
const alignment = 64;
const pageSize = 65_536;
const mostPages = 65_536;
/** Bytes of each block that are stepped before their average is taken, so that they still lie in a core's cache. */
const stretch = 65_536;

/**
 * AdamW in one pass over memory instead of the dozen of the update graph, by `adamw.wat`, on two threads. All arrays lie
 * in one WebAssembly memory, which 32-bit addresses reach; `null` for models that do not fit.
 */
export function adamwOnePass(
  specs: readonly DeviceTensor[],
  settings: SettingsOf<'adamw'>,
  { maxGradientNorm, ema, scalesLoss = false, upRate = 1 }: Omit<UpdateRule, 'optimizer'>,
  parts: number,
): OnePass | null {
  const places = new Map<string, { readonly offset: number; readonly length: number }>();
  let stride = 0;
  /** Where those begin that go by a rate of their own: they lie after all others. */
  let ups = 0;
  const isApart = ({ isUp = false }: DeviceTensor): boolean => isUp && upRate !== 1;
  for (const apart of [false, true]) {
    if (apart) ups = stride;
    for (const spec of specs) {
      if (isApart(spec) !== apart) continue;
      const length = elementCount(spec.shape);
      places.set(spec.name, { offset: stride, length });
      stride += Math.ceil((length * Float32Array.BYTES_PER_ELEMENT) / alignment) * alignment;
    }
  }
  const further = (ema ? 5 : 4) * stride;
  const pages = Math.ceil((further + (parts - 1) * stride) / pageSize);
  if (stride === 0 || pages > mostPages) return null;

  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  const module = new WebAssembly.Module(Buffer.from(adamwWasm, 'base64'));
  const threads = runOnTwoThreads(module, memory, alignment);
  const { beta1, beta2 } = settings;

  const arrayAt = (begin: number, name: string): Float32Array<ArrayBuffer> => {
    const { offset, length } = places.get(name)!;
    return new Float32Array(memory.buffer, begin + offset, length);
  };
  return {
    parts,
    array: (kind, name) => arrayAt(blocks.indexOf(kind) * stride, name),
    partGradient: (part, name) => arrayAt(further + (part - 1) * stride, name),
    update: (count, learningRate, emaDecay, partCount, lossScale = 1) => {
      const norm = Math.sqrt(threads.call('sumGradients', 0, stride, stride, further, partCount)) / lossScale;
      if (scalesLoss && !Number.isFinite(norm)) return norm;
      const clip = clipFactor(norm, maxGradientNorm) / lossScale;
      const taken = Math.fround(emaRateAt(emaDecay));
      const averages = [ema ? 1 : 0, 1 - taken, taken] as const;
      const step = (begin: number, end: number, rate: number): void => {
        const scalars = adamwScalarsAt(settings, count, rate);
        const rates = [scalars.decay, scalars['learning-rate'], scalars['denominator-epsilon']] as const;
        threads.call('update', begin, end, stride, stretch, clip, beta1, beta2, ...rates, ...averages);
      };
      step(0, ups, learningRate);
      if (ups < stride) step(ups, stride, learningRate * upRate);
      return norm;
    },
    dispose: () => threads.dispose(),
  };
}
