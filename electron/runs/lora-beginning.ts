import { ranksText } from '../../native/facts/lora-facts.ts';
import { Failure } from '../../native/failure.ts';
import { readLoraFacts } from '../../native/families/read-lora-facts.ts';
import type { RunSpec } from '../contract/run-spec.ts';

/**
 * Whether a run can begin with the LoRA that it names: whether it has the ranks of that. Whether each is where the file has it, and
 * whether that fits the base, is found out when it begins.
 * @throws Failure `not-a-lora`, `lora-rank`, and those of opening the file
 */
export async function checkLoraBeginning(method: RunSpec['method']): Promise<void> {
  if (method.kind !== 'lora' || method.from === undefined) return;
  const { ranks } = await readLoraFacts(method.from);
  const known = ranksOf(method);
  if (ranks.every((own) => known.has(own))) return;
  const [rank] = ranks;
  throw new Failure(
    'lora-rank',
    `${method.from} has ${ranksText(ranks)}, the run has ${ranksText([...known].sort((a, b) => a - b))}.`,
    ranks.length === 1
      ? `Train with the rank ${rank}.`
      : `Give the run the ranks that it has, ${ranks.join(', ')}: of convolutions by method.convRank, of blocks that differ by method.blockRanks.`,
  );
}

function ranksOf({
  rank,
  convRank,
  blockRanks = {},
}: Extract<RunSpec['method'], { kind: 'lora' }>): Set<number> {
  const others = [convRank, ...Object.values(blockRanks)].filter((own) => own !== undefined && own > 0);
  return new Set([rank, ...(others as number[])]);
}
