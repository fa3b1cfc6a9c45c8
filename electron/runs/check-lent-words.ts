import { Failure } from '../../native/failure.ts';
import { readLentWord } from '../../native/families/read-embedding-facts.ts';
import type { RunSpec } from '../contract/run-spec.ts';

interface WordFile {
  readonly file: string;
  readonly word?: string | undefined;
}

/**
 * Whether the files of new words that a run's pictures are lent are there, each of a word of its own. What pictures would only say
 * when they are made, hours into the run.
 * @throws Failure `embedding-unknown`, `embedding-word-taken`, and those of opening a file
 */
export async function checkLentWords({
  method,
  samples,
}: Pick<RunSpec, 'method' | 'samples'>): Promise<void> {
  await checkWordFiles(samples.embeddings ?? [], method.kind === 'embedding' ? method.word : null);
}

/** @param taught the word that a run teaches, which no file may stand for */
export async function checkWordFiles(uses: readonly WordFile[], taught: string | null = null): Promise<void> {
  const seen = new Map<string, string>();
  if (taught !== null) seen.set(taught.toLowerCase(), 'what the run teaches');
  for (const { file, word } of uses) {
    const lent = await readLentWord({ file, word }, []);
    if (lent === null) {
      throw new Failure(
        'embedding-unknown',
        `${file} is not the file of a new word, or does not say which word it stands for.`,
        'Choose one that textual inversion made, and say its word after the file’s name where it has none, as in glyph.safetensors:word.',
      );
    }
    const before = seen.get(lent.word.toLowerCase());
    if (before !== undefined) {
      throw new Failure(
        'embedding-word-taken',
        `${file} and ${before} both stand for “${lent.word}”.`,
        'Give one of them another word after the file’s name, as in glyph.safetensors:word.',
      );
    }
    seen.set(lent.word.toLowerCase(), file);
  }
}
