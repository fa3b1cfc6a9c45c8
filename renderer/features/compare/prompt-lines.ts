import type { PromptData } from '../../../electron/contract/values.ts';
import { promptKey } from './axes.ts';

/** Every line a prompt, all with the same negative prompt; empty lines and what is there already are left out. */
export function promptsFromLines(
  text: string,
  negativePrompt: string,
  present: readonly PromptData[] = [],
): readonly PromptData[] {
  const keys = new Set(present.map(promptKey));
  return text.split(/\r?\n/).flatMap((line) => {
    const prompt = { prompt: line.trim(), negativePrompt: negativePrompt.trim() };
    const key = promptKey(prompt);
    if (prompt.prompt === '' || keys.has(key)) return [];
    keys.add(key);
    return [prompt];
  });
}

/** The largest seed that PyTorch's generator and this contract both take without loss. */
const largestSeed = Number.MAX_SAFE_INTEGER;
const mostSeeds = 1000;

/** `1, 2, 8-11` as numbers, each once, in the order written; null where it says something else. */
export function seedsFromText(text: string): readonly number[] | null {
  const seeds = new Set<number>();
  for (const part of text.split(/[\s,;]+/).filter((word) => word !== '')) {
    const match = /^(\d+)(?:[-–](\d+))?$/.exec(part);
    if (match === null) return null;
    const from = Number(match[1]);
    const to = match[2] === undefined ? from : Number(match[2]);
    if (to < from || to > largestSeed || to - from >= mostSeeds || seeds.size > mostSeeds) return null;
    for (let seed = from; seed <= to; seed += 1) seeds.add(seed);
  }
  return [...seeds];
}
