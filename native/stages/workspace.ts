import { bytesPerElement, elementCount } from '../graph/data-type.ts';
import type { Value } from '../graph/graph.ts';
import type { Stage } from './stage.ts';

/**
 * The most bytes that a stage's own values take at a time, if its nodes run in their order and each value is given up after
 * its last reader: what stays before and after, inputs and outputs, is not among them. Views are counted as what they
 * are views of.
 */
export function workspaceBytes({
  nodes,
  inputs,
  outputs,
}: Pick<Stage, 'nodes' | 'inputs' | 'outputs'>): number {
  const outside = new Set<Value>([...inputs, ...outputs]);
  // What a value's bytes belong to: a Reshape gives another shape to the same memory.
  const owner = new Map<Value, Value>();
  const lastRead = new Map<Value, number>();
  nodes.forEach(({ op, inputs: read, outputs: made }, i) => {
    for (const value of read) if (value) lastRead.set(owner.get(value) ?? value, i);
    for (const value of made) {
      const of = op === 'Reshape' && !outside.has(value) ? (owner.get(read[0]!) ?? read[0]!) : value;
      owner.set(value, of);
      lastRead.set(of, i);
    }
  });
  let live = 0;
  let peak = 0;
  nodes.forEach(({ inputs: read, outputs: made }, i) => {
    const own = new Set(made.map((value) => owner.get(value)!).filter((value) => made.includes(value)));
    for (const value of own) if (!outside.has(value)) live += bytesOf(value);
    peak = Math.max(peak, live);
    for (const value of new Set([...read, ...made].map((each) => each && (owner.get(each) ?? each)))) {
      if (value && owner.has(value) && !outside.has(value) && lastRead.get(value) === i)
        live -= bytesOf(value);
    }
  });
  return peak;
}

export function bytesOf({ type, shape }: Pick<Value, 'type' | 'shape'>): number {
  return elementCount(shape) * bytesPerElement[type];
}
