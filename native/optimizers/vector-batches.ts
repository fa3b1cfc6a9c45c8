import type { DeviceTensor } from './optimizer.ts';

/** Parameters that are updated by the same nodes. */
export interface VectorBatch {
  readonly names: readonly string[];
  /** Of all of them together: of one as it is, of vectors end to end. */
  readonly shape: readonly number[];
  readonly kernel?: readonly number[];
  readonly isUp?: boolean;
}

/** Elements below which a vector is short. */
const shortVector = 8192;

/** WebGPU binds 16 buffers to a shader, so no node may take or give more tensors. */
const vectorsPerBatch = 12;

/**
 * Every parameter by itself but the short vectors (biases, scales of norms), of which those of a length are laid end to end: there
 * are hundreds of them, each too short to be worth a dozen nodes. Of one length, because to join or part unequal ones CUDA
 * first sends their lengths over the bus, and where each element belongs. `alone`: what is to be by itself however short.
 */
export function batchVectors(
  specs: readonly DeviceTensor[],
  alone: (spec: DeviceTensor) => boolean = () => false,
): readonly VectorBatch[] {
  const isShort = (spec: DeviceTensor): boolean =>
    spec.shape.length === 1 && spec.shape[0]! < shortVector && !alone(spec);
  const vectors = specs.filter(isShort);
  const batches: VectorBatch[] = specs
    .filter((spec) => !isShort(spec))
    .map(({ name, shape, kernel, isUp }) => ({
      names: [name],
      shape,
      ...(kernel && { kernel }),
      ...(isUp && { isUp }),
    }));
  for (const [length, ofLength] of Map.groupBy(vectors, ({ shape }) => shape[0]!)) {
    for (let i = 0; i < ofLength.length; i += vectorsPerBatch) {
      const together = ofLength.slice(i, i + vectorsPerBatch);
      batches.push({ names: together.map(({ name }) => name), shape: [length * together.length] });
    }
  }
  return batches;
}
