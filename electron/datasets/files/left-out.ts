import { Failure } from '../../../native/failure.ts';

/** Files that are not used, of one kind and for one reason. */
export interface LeftOut {
  /** By id; never none. */
  readonly files: readonly string[];
  /** What they are and why they are left out, with their number. */
  readonly failure: Failure;
  /** Nobody would have expected them to be used, as a model or a log; not to be counted among what is wrong. */
  readonly expected: boolean;
}

interface Reason {
  readonly code: string;
  /** Of one file and of several: `a HEIC image`, `HEIC images`. */
  readonly what: readonly [one: string, several: string];
  /** The sentence goes on with it: `left out: there is no decoder for it`. */
  readonly why: string;
  readonly hint: string;
  readonly expected?: boolean;
}

/** None or one group. */
export function leftOut(files: readonly string[], reason: Reason): readonly LeftOut[] {
  if (files.length === 0) return [];
  const { code, what, why, hint, expected = false } = reason;
  const many = files.length > 1;
  const counted = many ? `${files.length} ${what[1]} are` : `1 ${what[0]} is`;
  return [{ files, failure: new Failure(code, `${counted} ${why}: ${someOf(files)}.`, hint), expected }];
}

const shown = 3;

/** The first few, and how many more there are. */
export function someOf(names: readonly string[]): string {
  const more = names.length - shown;
  return names.slice(0, shown).join(', ') + (more > 0 ? ` and ${more} more` : '');
}
