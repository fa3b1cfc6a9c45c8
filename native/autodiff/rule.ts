import type { BackwardOptions, Node, Value } from '../graph/graph.ts';

export interface RuleCall {
  readonly node: Node;
  /** Gradient of the loss with respect to each output; `null` where the loss does not depend on it. */
  readonly outputGradients: readonly (Value | null)[];
  /** Whether the gradient of input i is wanted: an answer for another is dropped. */
  readonly wanted: readonly boolean[];
  readonly options: BackwardOptions;
  /** Whether what was picked by index may be added up where it came from one after the other. */
  readonly scatters: boolean;
}

/**
 * Builds the gradient of each input, in their order, of the input's own or a broadcast shape; `null` for none. Where its
 * type is another than the input's, it is cast once it has been summed to the input's shape.
 */
export type GradientRule = (call: RuleCall) => readonly (Value | null)[];

export type RuleTable = Readonly<Record<string, GradientRule>>;

/** One table out of many; an operator named twice is a mistake and throws. */
export function mergeRules(tables: readonly RuleTable[]): ReadonlyMap<string, GradientRule> {
  const rules = new Map<string, GradientRule>();
  for (const table of tables) {
    for (const [op, rule] of Object.entries(table)) {
      if (rules.has(op)) throw new Error(`The operator ${op} has two gradient rules.`);
      rules.set(op, rule);
    }
  }
  return rules;
}
