/** Graphics cards as people name them: `NVIDIA L4`, `2 × NVIDIA L4 and NVIDIA A10`. */
export function gpuNames(gpus: readonly { readonly name: string }[]): string {
  const counts = new Map<string, number>();
  for (const { name } of gpus) counts.set(name, (counts.get(name) ?? 0) + 1);
  const named = [...counts].map(([name, count]) => (count === 1 ? name : `${count} × ${name}`));
  return [named.slice(0, -1).join(', '), named.at(-1)].filter(Boolean).join(' and ');
}
