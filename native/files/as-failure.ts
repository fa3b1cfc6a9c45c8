import { Failure, messageOf } from '../failure.ts';
import { obstacleOf } from './obstacle.ts';
import { storageFailure } from './storage-failure.ts';

/**
 * What was thrown as a `Failure`: a disk that is full or broken is one, and so is want of memory and a file that is gone or may not be touched;
 * all else is a fault of the program, which is called `code` and says so.
 */
export function asFailure(
  error: unknown,
  code: string,
  hint = 'This is a fault in Screenfold: report it with the log.',
): Failure {
  const fault = `Something went wrong in Screenfold itself: ${messageOf(error)}`;
  return expectedFailure(error) ?? new Failure(code, fault, hint, error);
}

/** The same, but null for a fault of the program. */
export function expectedFailure(error: unknown): Failure | null {
  return error instanceof Failure
    ? error
    : (storageFailure(error) ?? fileFailure(error) ?? memoryFailure(error));
}

/** What V8 says of an array that is larger than there is memory for, or than an array may be. */
const noMemory = /^(?:Array buffer allocation failed|Invalid (?:typed array|array buffer|array) length)/;

function memoryFailure(error: unknown): Failure | null {
  if (!(error instanceof RangeError) || !noMemory.test(error.message)) return null;
  return new Failure(
    'out-of-memory',
    'This needs more memory than there is.',
    'Choose smaller pictures, a smaller batch size or a lower LoRA rank, or close other programs.',
    error,
  );
}

/** What the operating system said of a file that it names; null for anything else. */
function fileFailure(error: unknown): Failure | null {
  const path = error instanceof Error && 'path' in error ? error.path : null;
  const obstacle = obstacleOf(error);
  if (obstacle === null || typeof path !== 'string') return null;
  return new Failure('file-unusable', `${path} cannot be used: ${obstacle.reason}.`, obstacle.hint, error);
}
