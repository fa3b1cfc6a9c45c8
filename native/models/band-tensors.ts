import { elementCount } from '../graph/data-type.ts';
import type { Runtime, Tensor } from '../runtime/runtime.ts';

/** Float32 tensors that are taken, given back and taken again. */
export interface BandTensors {
  /** Its numbers are whatever was there before. */
  take(shape: readonly number[]): Tensor;
  filled(shape: readonly number[], values: Float32Array<ArrayBuffer>): Tensor;
  read(tensor: Tensor): Promise<Float32Array<ArrayBuffer>>;
  give(...tensors: Tensor[]): void;
  /** Gives up the memory of all of them at once, rather than when the collector of garbage comes by. */
  dispose(): void;
}

export function createBandTensors(runtime: Runtime): BandTensors {
  const all: { readonly tensor: Tensor; readonly array: Float32Array<ArrayBuffer> | null }[] = [];
  const free = new Map<string, Tensor[]>();
  const key = ({ shape }: Pick<Tensor, 'shape'>): string => shape.join();
  const take = (shape: readonly number[]): Tensor => {
    const known = free.get(key({ shape }))?.pop();
    if (known) return known;
    const array = runtime.tensorsAreArrays ? new Float32Array(elementCount(shape)) : null;
    const tensor = runtime.tensor('float32', shape, array ?? undefined);
    all.push({ tensor, array });
    return tensor;
  };
  return {
    take,
    filled: (shape, values) => {
      const tensor = take(shape);
      tensor.write(values);
      return tensor;
    },
    read: (tensor) => tensor.read(new Float32Array(elementCount(tensor.shape))),
    give: (...tensors) => {
      for (const tensor of tensors) free.set(key(tensor), [...(free.get(key(tensor)) ?? []), tensor]);
    },
    dispose: () => {
      for (const { tensor, array } of all) {
        tensor.dispose();
        array?.buffer.transfer(0);
      }
    },
  };
}
