import type { DataType } from '../data-type.ts';
import type { Value } from '../graph.ts';

/** The one type of an operator's operands; throws where they differ. */
export function sameType(op: string, operands: readonly Value[]): DataType {
  const first = operands[0]!;
  const other = operands.find(({ type }) => type !== first.type);
  if (other) throw new Error(`${op}: ${first.name} is ${first.type} and ${other.name} is ${other.type}.`);
  return first.type;
}
