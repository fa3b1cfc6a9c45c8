import { arrayOver, elementCount } from '../graph/data-type.ts';
import type { Value } from '../graph/graph.ts';
import type { Runtime, Tensor } from '../runtime/runtime.ts';
import { bytesOf } from './workspace.ts';

/** Buffers are larger than what they are made for by up to so much, that those of a like shape serve it too. */
const headroom = 1.125;

/**
 * Tensors for what the stages of a graph keep, in memory that graphs have in common: pictures come in several shapes, each with graphs of its
 * own, and of these one is run at a time. On a device, where a tensor has one shape, each graph has its own.
 */
export function createPlaces(
  runtime: Pick<Runtime, 'tensorsAreArrays' | 'tensor'>,
): (values: readonly Value[]) => readonly Tensor[] {
  if (!runtime.tensorsAreArrays)
    return (values) => values.map(({ type, shape }) => runtime.tensor(type, shape));
  const buffers: ArrayBuffer[] = [];
  return (values) => {
    const free = new Set(buffers);
    const bufferFor = (bytes: number): ArrayBuffer => {
      let best: ArrayBuffer | null = null;
      for (const buffer of free)
        if (buffer.byteLength >= bytes && (!best || buffer.byteLength < best.byteLength)) best = buffer;
      if (best) {
        free.delete(best);
        return best;
      }
      // What nobody writes of it takes no memory.
      const made = new ArrayBuffer(roundedUp(bytes));
      buffers.push(made);
      return made;
    };
    const tensors = new Map<Value, Tensor>();
    // The largest first: a small value in a large buffer would leave a large one without.
    for (const value of values.toSorted((a, b) => bytesOf(b) - bytesOf(a))) {
      const { type, shape } = value;
      const data = arrayOver(type, bufferFor(bytesOf(value)), elementCount(shape));
      tensors.set(value, runtime.tensor(type, shape, data));
    }
    return values.map((value) => tensors.get(value)!);
  };
}

/** To the next power of the headroom. */
function roundedUp(bytes: number): number {
  return Math.max(bytes, Math.ceil(headroom ** Math.ceil(Math.log(bytes) / Math.log(headroom))));
}
