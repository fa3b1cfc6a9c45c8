import type { TextReading } from '../../native/facts/text-reading.ts';
import { wordPattern } from '../../native/facts/word-pattern.ts';
import { countOf, countText } from '../contract/quantities.ts';
import type { Run } from './run-folder.ts';
import { promptsOf } from './run-prompts.ts';
import { readingOf } from './text-lengths.ts';
import { taughtWords, unknownWords } from './unknown-words.ts';

/** What of a new word is allowed and most likely not meant, a sentence each. */
export async function wordWarnings(run: Run): Promise<readonly string[]> {
  const { method } = run.spec;
  if (method.kind !== 'embedding') return [];
  const reading = await readingOf(run.job.base);
  const unknown =
    reading === null
      ? []
      : await unknownInitWords(reading, method.initWords, await taughtWords(run.job.base));
  return [...initWarning(unknown), ...promptsWithout(run, method.word)];
}

function unknownInitWords(
  reading: TextReading,
  initWords: string,
  taught: ReadonlySet<string> | null,
): Promise<readonly string[]> {
  return unknownWords(reading, [{ captions: [initWords] }], taught);
}

function initWarning(unknown: readonly string[]): readonly string[] {
  if (unknown.length === 0) return [];
  const words = unknown.map((word) => `“${word}”`).join(', ');
  return [
    `The base does not know ${words}, so the new word begins as nothing in particular there. Say what it is roughly in words that the base knows.`,
  ];
}

/** A model that is taught a word draws what it drew where the word is not said. */
function promptsWithout(run: Run, word: string): readonly string[] {
  const prompts = promptsOf(run);
  const without = prompts.filter(({ prompt }) => prompt.search(wordPattern([word])) < 0);
  const [first] = without;
  if (first === undefined) return [];
  const which =
    without.length === prompts.length
      ? prompts.length === 1
        ? `The prompt of the pictures does not say “${word}”`
        : `None of the ${countText(prompts.length)} prompts of the pictures says “${word}”`
      : `${without.length === 1 ? '1' : countText(without.length)} of ${countOf(prompts.length, 'prompt')} of the pictures ${without.length === 1 ? 'does' : 'do'} not say “${word}” (“${first.prompt}”)`;
  return [`${which}: without the word, pictures stay as the base draws them.`];
}
