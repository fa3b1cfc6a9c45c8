import { usualLearningRate } from '../../native/facts/methods.ts';
import { methodKinds } from './run-spec.ts';

export { usualLearningRate } from '../../native/facts/methods.ts';

/** What a run file's methods take where it says nothing, in a few words: `1e-5 for full, else 1e-4`. */
export function defaultLearningRatesText(quoted: (kind: string) => string): string {
  const byRate = [...Map.groupBy(methodKinds, (kind) => usualLearningRate(kind, { kind: 'adamw' }))];
  const [[usual] = [0], ...others] = byRate.sort(([, a], [, b]) => b.length - a.length);
  const own = others.map(([rate, those]) => `${rate.toExponential()} for ${those.map(quoted).join(', ')}`);
  return [...own, `else ${usual.toExponential()}`].join(', ');
}
