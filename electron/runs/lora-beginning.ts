import { ranksText } from '../../native/facts/lora-facts.ts';
import { Failure } from '../../native/failure.ts';
import { readLoraFacts } from '../../native/families/read-lora-facts.ts';
import type { RunSpec } from '../contract/run-spec.ts';

/**
 * Whether a run can begin with the LoRA that it names; whether that fits the base is found out when it begins.
 * @throws Failure `not-a-lora`, `lora-rank`, and those of opening the file
 */
export async function checkLoraBeginning(method: RunSpec['method']): Promise<void> {
  if (method.kind !== 'lora' || method.from === undefined) return;
  const { ranks } = await readLoraFacts(method.from);
  if (ranks.length === 1 && ranks[0] === method.rank) return;
  const [rank] = ranks;
  throw new Failure(
    'lora-rank',
    `${method.from} has ${ranksText(ranks)}, the run has rank ${method.rank}.`,
    ranks.length === 1 ? `Train with the rank ${rank}.` : 'Choose a LoRA that has one rank throughout.',
  );
}
