import type { LentWord } from '../facts/embedding-facts.ts';
import type { EmbeddingUse } from '../jobs.ts';
import { saysWord } from '../tokenizer/new-words.ts';
import { embeddingFactsOf } from '../weights/embedding-facts.ts';
import { openTensorFile } from '../weights/open-tensor-file.ts';

/**
 * A word that prompts are lent. Its numbers are not read.
 *
 * @returns null for a file that is of no word; why, says whoever opens the model with it
 * @throws Failure those of `openTensorFile`
 */
export async function readLentWord(
  { file, word }: EmbeddingUse,
  prompts: readonly string[],
): Promise<LentWord | null> {
  const opened = await openTensorFile(file);
  try {
    const facts = embeddingFactsOf(opened);
    const called = (word ?? facts?.word ?? '').trim();
    if (facts === null || called === '') return null;
    const { vectors } = facts;
    return { word: called, vectors, said: prompts.some((prompt) => saysWord(prompt, called)) };
  } finally {
    await opened.close();
  }
}
