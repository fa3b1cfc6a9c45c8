import { adapterShape } from '../facts/lora-shape.ts';
import type { AdapterTargets } from '../families/family.ts';
import type { Method } from '../jobs.ts';
import type { AdapterPlan } from './adapter.ts';

export type LoraMethod = Extract<Method, { readonly kind: 'lora' }>;

/** Which modules a run adapts, and how. */
export function loraPlan(
  method: LoraMethod,
  { takes, placeOf }: Pick<AdapterTargets, 'takes' | 'placeOf'>,
): AdapterPlan {
  const { rank, alpha, dora = false, rankDropout = 0 } = method;
  return {
    ...{ rank, scale: alpha / rank, takes },
    shapeOf: (component, module) => {
      const place = placeOf(component, module);
      return place && adapterShape(method, place);
    },
    ...(dora && { magnitudes: true }),
    ...(rankDropout > 0 && { drops: true }),
  };
}
