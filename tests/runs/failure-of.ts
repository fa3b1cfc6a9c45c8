import { Failure } from '../../native/failure.ts';

/** The failure something ends with; anything else is thrown on. */
export async function failureOf(promise: Promise<unknown>): Promise<Failure> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
  throw new Error('Expected a failure');
}
