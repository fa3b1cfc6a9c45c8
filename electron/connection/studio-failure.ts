import type { FailureData } from '../contract/values.ts';

/** A failure of the studio, or of the way to it. */
export class StudioFailure extends Error implements FailureData {
  override readonly name = 'StudioFailure';
  readonly code: string;
  readonly hint: string;

  constructor({ code, message, hint }: FailureData) {
    super(message);
    this.code = code;
    this.hint = hint;
  }
}
