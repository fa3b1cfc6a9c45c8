import type { Value } from '../graph/graph.ts';
import type { Stage } from './stage.ts';

/** Where the values kept between stages lie: those whose times do not overlap share one place. */
export interface BufferPlan {
  /** A value of the type and shape of each place. */
  readonly places: readonly Value[];
  /** Index of each value's place. */
  readonly placeOf: ReadonlyMap<Value, number>;
}

/**
 * Gives every value that stages make and later ones read a place, for stages run in this order. `elsewhere` are values that
 * have one already.
 */
export function planBuffers(stages: readonly Stage[], elsewhere: ReadonlySet<Value>): BufferPlan {
  const lastRead = new Map<Value, number>();
  stages.forEach(({ inputs, outputs }, i) => {
    // What nothing reads is kept at least until its own stage is over.
    for (const value of [...inputs, ...outputs]) lastRead.set(value, i);
  });
  const places: Value[] = [];
  const placeOf = new Map<Value, number>();
  const free = new Map<string, number[]>();
  stages.forEach(({ inputs, outputs }, i) => {
    for (const value of outputs) {
      if (elsewhere.has(value) || placeOf.has(value)) continue;
      const place = free.get(kindOf(value))?.pop() ?? places.push(value) - 1;
      placeOf.set(value, place);
    }
    for (const value of new Set([...inputs, ...outputs])) {
      const place = placeOf.get(value);
      if (place === undefined || lastRead.get(value) !== i) continue;
      const kind = kindOf(value);
      free.set(kind, [...(free.get(kind) ?? []), place]);
    }
  });
  return { places, placeOf };
}

/** On a device a tensor cannot be given another shape, so a place serves values of one shape alone. */
function kindOf({ type, shape }: Value): string {
  return `${type}[${shape.join()}]`;
}
