import type { LentWord } from '../facts/embedding-facts.ts';
import { saysWord } from '../tokenizer/new-words.ts';
import { embeddingFactsOf } from '../weights/embedding-facts.ts';
import { openTensorFile } from '../weights/open-tensor-file.ts';

/** As `EmbeddingUse`, also where the word is written down as undefined. */
interface WordFile {
  readonly file: string;
  readonly word?: string | undefined;
}

/**
 * A word that prompts are lent. Its numbers are not read.
 *
 * @returns null for a file that is of no word; why, says whoever opens the model with it
 * @throws Failure those of `openTensorFile`
 */
export async function readLentWord(
  { file, word }: WordFile,
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
