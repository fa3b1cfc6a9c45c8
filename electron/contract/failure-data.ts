import type { Failure } from '../../native/failure.ts';
import type { FailureData } from './values.ts';

/** A failure as it crosses to the page and as the library keeps it: without its cause, which is for the log. */
export function failureData({ code, message, hint }: Failure): FailureData {
  return { code, message, hint };
}
