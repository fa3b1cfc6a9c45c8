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
  const call = (name: string, result: unknown): void => {
    if (result !== 0) throw unavailable(`${name} failed with error ${String(result)}`);
  };
  call('cudaSetDevice', runtime.func('int cudaSetDevice(int)')(gpu));
  const out = new BigUint64Array(1);
  const create = runtime.func('cudaStreamCreateWithFlags', 'int', ['void *', 'uint']);
  call('cudaStreamCreateWithFlags', create(out, inOrderWithOthers));
  const destroy = runtime.func('cudaStreamDestroy', 'int', ['void *']);
  return {
    pointer: out[0]!,
    close: () => {
      call('cudaStreamDestroy', destroy(out[0]));
    },
  };
}

function loaded(library: string) {
  try {
    return koffi.load(library);
  } catch (error) {
    throw unavailable(`${library} cannot be opened`, error);
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
