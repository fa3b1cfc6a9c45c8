import { calls, type QueryName } from '../../electron/contract/api.ts';
import type { Subject } from '../../electron/contract/values.ts';

const queries: ReadonlyMap<string, readonly Subject[]> = new Map(
  Object.entries(calls).flatMap(([name, call]) =>
    call.kind === 'query' ? [[name, call.about] as const] : [],
  ),
);

/** The queries that tell of any of these subjects. */
export function queriesAbout(subjects: readonly Subject[]): ReadonlySet<string> {
  const told = new Set(subjects);
  return new Set([...queries].flatMap(([name, about]) => (about.some((one) => told.has(one)) ? [name] : [])));
}

/** Whether `changed` events say when an answer is no longer so; where they do not, it is asked anew at every showing. */
export function isKeptFresh(query: QueryName): boolean {
  return calls[query].about.length > 0;
}
