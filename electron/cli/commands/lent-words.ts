import { readLentWord } from '../../../native/families/read-embedding-facts.ts';
import type { EmbeddingUse } from '../../../native/jobs.ts';
import { countOf } from '../../contract/quantities.ts';
import { readingOf } from '../../runs/text-lengths.ts';
import type { Terminal } from '../terminal.ts';

/** Says which words a model is lent, and of which no prompt makes use. */
export async function tellLentWords(
  { line, warn }: Pick<Terminal, 'line' | 'warn'>,
  base: string,
  embeddings: readonly EmbeddingUse[],
  prompts: readonly string[],
): Promise<void> {
  if (embeddings.length === 0) return;
  const reading = await readingOf(base);
  for (const use of embeddings) {
    const lent = await readLentWord(use, prompts);
    if (lent === null) continue;
    const { word, vectors, said } = lent;
    const ordinary = reading?.count(word) === 1 ? ', in place of what the model knows by this word' : '';
    line(`“${word}” stands for ${countOf(vectors, 'vector')} of ${use.file}${ordinary}`);
    if (!said) warn(`No prompt has the word “${word}”, so ${use.file} changes nothing.`);
  }
}
