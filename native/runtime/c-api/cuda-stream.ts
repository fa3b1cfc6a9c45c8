import { Failure } from '../../failure.ts';
import { koffi } from '../foreign-functions.ts';
import type { Pointer } from './library.ts';

/** A `cudaStream_t`: what is put on it is done in order. */
export interface CudaStream {
  readonly pointer: Pointer;
  close(): void;
}

/** A GPU pack's own is open by then, and found by its name. */
const usualLibrary = process.platform === 'win32' ? 'cudart64_13.dll' : 'libcudart.so.13';

/**
 * `cudaStreamDefault`: it waits for the stream without a name, and that for it, so that what ONNX Runtime copies there for the host
 * comes in order too.
 */
const inOrderWithOthers = 0;

/**
 * Makes a stream on a GPU, for sessions to share.
 * @param library CUDA's runtime, as the system finds it
 * @throws Failure `provider-unavailable`
 */
export function openCudaStream(gpu: number, library = usualLibrary): CudaStream {
  const runtime = loaded(library);
  const found = (name: string, ...parameters: readonly string[]): ((...args: readonly unknown[]) => void) => {
    const called = functionOf(runtime, library, name, parameters);
    return (...args) => {
      const result = called(...args) as number;
      if (result !== 0) throw unavailable(`${name} failed with error ${result}`);
    };
  };
  // All of them before the first is called, so that what is made can be given back.
  const setDevice = found('cudaSetDevice', 'int');
  const create = found('cudaStreamCreateWithFlags', 'void *', 'uint');
  const destroy = found('cudaStreamDestroy', 'void *');
  const out = new BigUint64Array(1);
  setDevice(gpu);
  create(out, inOrderWithOthers);
  const pointer = out[0]!;
  return {
    pointer,
    close: () => {
      destroy(pointer);
    },
  };
}

type Library = ReturnType<typeof koffi.load>;

function loaded(library: string): Library {
  try {
    return koffi.load(library);
  } catch (error) {
    throw unavailable(`${library} cannot be opened`, error);
  }
}

function functionOf(runtime: Library, library: string, name: string, parameters: readonly string[]) {
  try {
    return runtime.func(name, 'int', [...parameters]);
  } catch (error) {
    throw unavailable(`${library} has no ${name}`, error);
  }
}

function unavailable(why: string, cause?: unknown): Failure {
  return new Failure(
    'provider-unavailable',
    `CUDA gives no stream for all sessions: ${why}.`,
    'Compute without one.',
    cause,
  );
}
