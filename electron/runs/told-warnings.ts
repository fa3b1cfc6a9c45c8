/** What one of several runs is warned of. */
interface Warned {
  readonly name: string;
  readonly warnings: readonly string[];
}

/** What is to be said of runs that are trained one after the other: what all are warned of once, the rest with whom it is about. */
export function toldWarnings(runs: readonly Warned[]): readonly string[] {
  const isOfAll = (warning: string) => runs.every(({ warnings }) => warnings.includes(warning));
  const all = runs[0]?.warnings.filter(isOfAll) ?? [];
  const own = new Map<string, readonly string[]>();
  for (const { name, warnings } of runs)
    for (const warning of warnings)
      if (!isOfAll(warning)) own.set(warning, [...(own.get(warning) ?? []), name]);
  return [...new Set(all), ...[...own].map(([warning, names]) => `${names.join(' and ')}: ${warning}`)];
}
