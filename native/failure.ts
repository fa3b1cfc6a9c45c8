/**
 * The one error for what can be expected to go wrong: a file that is not what it claims, a run file with a
 * wrong number, a device that is not there. Broken invariants are plain `Error`s.
 */
export class Failure extends Error {
  override readonly name = 'Failure';
  /** Stable and kebab-case, for programs: `safetensors-truncated`. */
  readonly code: string;
  /** One sentence for a person on what to do about it. */
  readonly hint: string;

  constructor(code: string, message: string, hint: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.hint = hint;
  }
}

/** What went wrong in the words of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
