import { Failure } from '../failure.ts';

/** ONNX Runtime would not make a session of a model. */
export function graphRefused(error: Error): Failure {
  return new Failure(
    'graph-refused',
    `ONNX Runtime does not accept the graph: ${error.message}`,
    'Try another device in the settings; if that fails as well, report it with this message.',
    error,
  );
}

/** A run that ONNX Runtime gave up, told apart by whether memory was what it lacked. */
export function runFailed(error: Error): Failure {
  if (/out of memory|Failed to allocate memory|bad_alloc|E_OUTOFMEMORY/i.test(error.message)) {
    return new Failure(
      'out-of-memory',
      `There was not enough memory for this step: ${error.message}`,
      'Choose a smaller batch size or smaller pictures, train a LoRA instead of the whole model, or close other programs.',
      error,
    );
  }
  return new Failure(
    'graph-run-failed',
    `ONNX Runtime could not run the graph: ${error.message}`,
    'Try another device in the settings; if that fails as well, report it with this message.',
    error,
  );
}
