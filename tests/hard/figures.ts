import { parseArgs } from 'node:util';

/** `--count` and `--seed` of a script, with what it takes without them. */
export function asked(count: number): { readonly count: number; readonly seed: number } {
  const { values } = parseArgs({
    options: { count: { type: 'string' }, seed: { type: 'string' }, worker: { type: 'boolean' } },
    strict: false,
  });
  return { count: Number(values.count ?? count), seed: Number(values.seed ?? 1) };
}

/** One line of what a script found; the exit code says whether all held. */
export function figure(name: string, facts: Readonly<Record<string, number | string>>, faults: number): void {
  const words = Object.entries(facts).map(([key, value]) => `${key} ${value}`);
  console.log(`${name}: ${words.join(', ')}, faults ${faults}`);
  if (faults > 0) process.exitCode = 1;
}

export const megabytes = (bytes: number) => Math.round(bytes / 2 ** 20);
