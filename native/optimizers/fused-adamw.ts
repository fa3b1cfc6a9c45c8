import { elementCount } from '../graph/data-type.ts';
import { adamwWasm } from './adamw-wasm.ts';
import { type DeviceTensor, optimizerScalars, type OptimizerSettings } from './optimizer.ts';
import { runOnTwoThreads } from './two-threads.ts';

/** What a parameter has in the memory, in the order of its blocks. */
const blocks = ['parameter', 'firstMoment', 'secondMoment', 'gradient', 'ema'] as const;
export type FusedBlock = (typeof blocks)[number];

/** AdamW over arrays of its own, for where tensors are arrays. */
export interface FusedAdamW {
  /** Sets of gradients there are arrays for. */
  readonly parts: number;
  /** A parameter's array of one kind, zeros at first. `ema` exists where the settings keep an average. */
  array(block: FusedBlock, name: string): Float32Array<ArrayBuffer>;
  /** The gradient of a further part of a batch, from 1. */
  partGradient(part: number, name: string): Float32Array<ArrayBuffer>;
  /**
   * One step by the sum of the gradients of so many parts, which replaces those of the first; returns their global norm
   * before clipping. Blocks the event loop.
   */
  update(step: number, learningRate: number, emaDecay: number, parts: number): number;
  dispose(): Promise<void>;
}

/** Bytes a tensor's beginning is aligned to: a line of the cache, and as long as the widest vectors there are. */
const alignment = 64;
const pageSize = 65_536;
const mostPages = 65_536;
/** Bytes of each block that are stepped before their average is taken, so that they still lie in a core's cache. */
const stretch = 65_536;

/**
 * AdamW in one pass over memory instead of the dozen of the optimizer graph, by `adamw.wat`, on two threads. All arrays lie
 * in one WebAssembly memory, which 32-bit addresses reach; `null` for models that do not fit.
 */
export function fusedAdamW(
  specs: readonly DeviceTensor[],
  settings: OptimizerSettings,
  parts: number,
): FusedAdamW | null {
  const places = new Map<string, { readonly offset: number; readonly length: number }>();
  let stride = 0;
  for (const { name, shape } of specs) {
    const length = elementCount(shape);
    places.set(name, { offset: stride, length });
    stride += Math.ceil((length * Float32Array.BYTES_PER_ELEMENT) / alignment) * alignment;
  }
  const further = (settings.ema ? 5 : 4) * stride;
  const pages = Math.ceil((further + (parts - 1) * stride) / pageSize);
  if (stride === 0 || pages > mostPages) return null;

  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  const module = new WebAssembly.Module(Buffer.from(adamwWasm, 'base64'));
  const threads = runOnTwoThreads(module, memory, alignment);
  const { beta1, beta2, maxGradientNorm, ema } = settings;

  const arrayAt = (begin: number, name: string): Float32Array<ArrayBuffer> => {
    const { offset, length } = places.get(name)!;
    return new Float32Array(memory.buffer, begin + offset, length);
  };
  return {
    parts,
    array: (block, name) => arrayAt(blocks.indexOf(block) * stride, name),
    partGradient: (part, name) => arrayAt(further + (part - 1) * stride, name),
    update: (count, learningRate, emaDecay, partCount) => {
      const scalars = optimizerScalars(settings, count, learningRate, emaDecay);
      const norm = Math.sqrt(threads.call('sumGradients', 0, stride, stride, further, partCount));
      const clip = maxGradientNorm > 0 ? Math.min(maxGradientNorm / (norm + 1e-6), 1) : 1;
      const rates = [scalars.decay, scalars['learning-rate'], scalars['denominator-epsilon']] as const;
      const taken = Math.fround(scalars['ema-rate']);
      const averages = [ema ? 1 : 0, 1 - taken, taken] as const;
      threads.call('update', 0, stride, stride, stretch, clip, beta1, beta2, ...rates, ...averages);
      return norm;
    },
    dispose: () => threads.dispose(),
  };
}
