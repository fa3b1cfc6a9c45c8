/** What was begun, and a number that it comes to. */
export interface Begun {
  readonly value: Promise<number>;
  /** The number where it is known already, though other work may go on. */
  readonly known: number | null;
  /** Resolves when all of it is over, whether it failed or not: failures are thrown by `value`. */
  readonly over: Promise<void>;
}

/** `value`, once all of `work` is done. */
export function begun(
  value: Promise<number>,
  work: readonly Promise<unknown>[] = [],
  known: number | null = null,
): Begun {
  const all = Promise.all([value, ...work]).then(([number]) => number);
  // Whoever wants to know awaits it, but perhaps later than it fails.
  all.catch(() => undefined);
  return { value: all, known, over: Promise.allSettled([value, ...work]).then(() => undefined) };
}

/** What is done already. */
export const done = (value: number): Begun => begun(Promise.resolve(value), [], value);

/** What it comes to, once all of it is over. */
export async function ended(beginning: Promise<Begun>): Promise<number> {
  const { value, over } = await beginning;
  await over;
  return value;
}
