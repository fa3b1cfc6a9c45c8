import type { ComputePrecision, PrecisionChoice } from '../facts/precision.ts';
import type { Provider } from './runtime.ts';

/**
 * What `auto` is on each provider. A processor has no float16 of its own. WebGPU adds products up in float16, and not every
 * card's has it.
 */
const suited: Readonly<Record<Provider, ComputePrecision>> = {
  cuda: 'float16',
  directml: 'float16',
  webgpu: 'float32',
  cpu: 'float32',
};

/** What is computed in; left out, float32, as before there was a choice. */
export function precisionOn(
  { provider }: { readonly provider: Provider },
  choice: PrecisionChoice = 'float32',
): ComputePrecision {
  return choice === 'auto' ? suited[provider] : choice;
}
