import { Failure } from '../failure.ts';

/** How the providers, and the libraries they call, say that there was not enough memory. */
const memoryTexts: readonly RegExp[] = [
  /out of memory/i,
  /Failed to allocate memory/i,
  /bad_alloc/,
  /E_OUTOFMEMORY/,
  // cuBLAS and cuDNN: CUBLAS_STATUS_ALLOC_FAILED, CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED.
  /_ALLOC(?:ATION)?_FAILED/,
  // ONNX Runtime's arena, where the device has less left.
  /smaller than requested bytes/i,
];

/** Whether memory was what it lacked. */
function lackedMemory({ message }: Error): boolean {
  return memoryTexts.some((text) => text.test(message));
}

function outOfMemory(what: string, error: Error): Failure {
  return new Failure(
    'out-of-memory',
    `There was not enough memory for ${what}: ${error.message}`,
    'Choose a smaller batch size or smaller pictures, train a LoRA instead of the whole model, or close other programs.',
    error,
  );
}

/** How ONNX Runtime and CUDA say that something cannot be part of a CUDA graph. */
const captureText = /graph capture|stream is capturing|StreamCapture/i;

/** A graph that was to be captured as a CUDA graph, and cannot be. */
export function captureRefused(why: string, cause?: unknown): Failure {
  return new Failure(
    'cuda-graph-refused',
    `This cannot be run as a CUDA graph: ${why}`,
    'Turn CUDA graphs off for this run.',
    cause,
  );
}

/** ONNX Runtime would not make a session of a model. */
export function graphRefused(error: Error): Failure {
  if (captureText.test(error.message)) return captureRefused(error.message, error);
  if (lackedMemory(error)) return outOfMemory('this model', error);
  return new Failure(
    'graph-refused',
    `ONNX Runtime does not accept the graph: ${error.message}`,
    'Try another device: in the settings, or by --device. If that fails as well, report it with this message.',
    error,
  );
}

/** A tensor that could not be placed on the device, or not be copied there or back. */
export function tensorFailed(error: Error): Failure {
  if (lackedMemory(error)) return outOfMemory('this model', error);
  return new Failure(
    'device-failed',
    `The device could not hold or copy a tensor: ${error.message}`,
    'Try another device in the settings; if that fails as well, report it with this message.',
    error,
  );
}

/** A run that ONNX Runtime gave up, told apart by whether memory was what it lacked. */
export function runFailed(error: Error): Failure {
  if (captureText.test(error.message)) return captureRefused(error.message, error);
  if (lackedMemory(error)) return outOfMemory('this step', error);
  return new Failure(
    'graph-run-failed',
    `ONNX Runtime could not run the graph: ${error.message}`,
    'Try another device: in the settings, or by --device. If that fails as well, report it with this message.',
    error,
  );
}
