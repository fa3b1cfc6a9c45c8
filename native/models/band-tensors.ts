import { elementCount } from '../graph/data-type.ts';
import type { Runtime, Tensor } from '../runtime/runtime.ts';

/** Float32 tensors whose memory is given up when they are, rather than when the collector of garbage comes by. */
export interface BandTensors {
  take(shape: readonly number[]): Tensor;
  filled(shape: readonly number[], values: Float32Array<ArrayBuffer>): Tensor;
  /** Takes what a tensor holds, and gives it up. */
  read(tensor: Tensor): Promise<Float32Array<ArrayBuffer>>;
  give(...tensors: Tensor[]): void;
  /** Gives up all that are left. */
  dispose(): void;
}

export function createBandTensors(runtime: Runtime): BandTensors {
  const arrays = new Map<Tensor, Float32Array<ArrayBuffer> | undefined>();
  const take = (shape: readonly number[]): Tensor => {
    const array = runtime.tensorsAreArrays ? new Float32Array(elementCount(shape)) : undefined;
    const tensor = runtime.tensor('float32', shape, array);
    arrays.set(tensor, array);
    return tensor;
  };
  const give = (...tensors: Tensor[]): void => {
    for (const tensor of tensors) {
      tensor.dispose();
      // Its memory leaves this array and, in nobody's hands, is freed.
      arrays.get(tensor)?.buffer.transfer(0);
      arrays.delete(tensor);
    }
  };
  return {
    take,
    filled: (shape, values) => {
      const tensor = take(shape);
      tensor.write(values);
      return tensor;
    },
    read: async (tensor) => {
      const values = await tensor.read(new Float32Array(elementCount(tensor.shape)));
      give(tensor);
      return values;
    },
    give,
    dispose: () => {
      give(...arrays.keys());
    },
  };
}
