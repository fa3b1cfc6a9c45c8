import * as onnxruntime from 'onnxruntime-node';

import { graphRefused, runFailed } from '../errors.ts';
import type { HostTensor } from '../runtime.ts';

/** A graph in a file, run on the processor with tensors of whatever sizes it leaves free. */
export interface ModelFile {
  /** The outputs of that name alone. Throws where it is given what it does not take. */
  readonly run: (
    inputs: Readonly<Record<string, HostTensor>>,
    outputs: readonly string[],
  ) => Promise<Readonly<Record<string, Float32Array>>>;
  readonly close: () => Promise<void>;
}

/**
 * Opens a graph by its path, as other programs do, so that the file that its weights lie in is mapped into memory rather than read.
 *
 * @param large whether ONNX Runtime is to make nothing of the weights, such as packed or widened copies, that would take as much
 * memory as they do
 */
export async function openModelFile(path: string, large: boolean): Promise<ModelFile> {
  const session = await onnxruntime.InferenceSession.create(path, {
    executionProviders: ['cpu'],
    graphOptimizationLevel: large ? 'disabled' : 'all',
    enableCpuMemArena: !large,
    logSeverityLevel: 4,
    ...(large && { extra: { 'session.disable_prepacking': '1' } }),
  }).catch((error: unknown) => {
    throw error instanceof Error ? graphRefused(error) : error;
  });
  return {
    run: async (inputs, outputs) => {
      const feeds = Object.entries(inputs).map(
        ([name, { type, shape, data }]) =>
          [name, new onnxruntime.Tensor(type as 'float32', data as Float32Array, shape)] as const,
      );
      const found = await session.run(Object.fromEntries(feeds), [...outputs]).catch((error: unknown) => {
        throw error instanceof Error ? runFailed(error) : error;
      });
      return Object.fromEntries(outputs.map((name) => [name, found[name]!.data as Float32Array]));
    },
    close: () => session.release(),
  };
}
