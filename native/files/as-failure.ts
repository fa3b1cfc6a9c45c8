import { Failure, messageOf } from '../failure.ts';
import { storageFailure } from './storage-failure.ts';

/**
 * What was thrown as a `Failure`: a disk that is full or broken is one; all else is a fault of the program, which is called
 * `code` and says so.
 */
export function asFailure(
  error: unknown,
  code: string,
  hint = 'This is a fault in Screenfold: report it with the log.',
): Failure {
  if (error instanceof Failure) return error;
  const fault = `Something went wrong in Screenfold itself: ${messageOf(error)}`;
  return storageFailure(error) ?? new Failure(code, fault, hint, error);
}
