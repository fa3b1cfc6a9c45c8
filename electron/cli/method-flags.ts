import { Failure } from '../../native/failure.ts';
import type { TrainFlags } from './arguments.ts';

/** Flags that belong to one method alone, as they are typed. */
const ofWord = {
  word: '--word',
  vectors: '--vectors',
  initWords: '--init-words',
  wordCaptions: '--word-captions',
} as const;
const ofLora = { rank: '--rank', convRank: '--conv-rank', dora: '--dora', loraFrom: '--lora-from' } as const;

/**
 * Refuses flags of a method beside those of another, which a run file's keys would not tell so plainly.
 * @throws Failure `usage`
 */
export function refuseMixedMethods(flags: TrainFlags): void {
  const given = (names: Readonly<Record<string, string>>) =>
    Object.entries(names).flatMap(([name, typed]) =>
      flags[name as keyof TrainFlags] === undefined ? [] : [typed],
    );
  const [words, loras] = [given(ofWord), given(ofLora)];
  const [word, lora] = [words[0], loras[0]];
  const refuse = (message: string, hint: string) => new Failure('usage', message, hint);
  if (word !== undefined && lora !== undefined) {
    throw refuse(
      `${word} is for teaching a new word, and ${lora} for training a LoRA: a run does one of them.`,
      `Leave ${words.join(', ')} out, or ${loras.join(', ')}; for both, train two runs.`,
    );
  }
  if (word !== undefined && flags.method !== undefined && flags.method !== 'embedding') {
    throw refuse(
      `${word} is for teaching a new word, which the method ${flags.method} does not.`,
      `Leave --method out to teach a word, or leave ${words.join(', ')} out to train by ${flags.method}.`,
    );
  }
  if (lora !== undefined && flags.method !== undefined && flags.method !== 'lora') {
    throw refuse(
      `${lora} is for training a LoRA, which the method ${flags.method} does not.`,
      `Leave --method out to train a LoRA, or leave ${loras.join(', ')} out to train by ${flags.method}.`,
    );
  }
}
