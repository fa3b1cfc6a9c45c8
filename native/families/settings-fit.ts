/** Settings that not every base can be trained or read with. */
import type { ReadingWay } from '../facts/caption-reading.ts';
import type { PredictionType } from '../facts/config-facts.ts';
import { hasZeroSnr } from '../facts/losses.ts';
import { oddLetter, oddLetterText } from '../facts/seen-letters.ts';
import { Failure } from '../failure.ts';

/**
 * @param layers of the encoder that has the fewest
 * @throws Failure `clip-skip-invalid`
 */
export function checkClipSkip({ clipSkip }: Pick<ReadingWay, 'clipSkip'>, layers: number): void {
  if (clipSkip <= layers) return;
  throw new Failure(
    'clip-skip-invalid',
    `This model's text encoder cannot be read at a clip skip of ${clipSkip}.`,
    layers <= 1 ? 'Leave it at 1.' : `Choose 1 to ${layers}.`,
  );
}

/**
 * Programs that add a word to a vocabulary refuse one that is there.
 *
 * @param tokens that a text encoder reads of it
 * @throws Failure `word-known`
 */
export function checkNewWord(word: string, tokens: number): void {
  if (tokens > 1) return;
  throw new Failure(
    'word-known',
    `“${word}” is a word that this model knows already.`,
    `Choose one that means nothing to it yet, such as my-${word} or <${word}>.`,
  );
}

/**
 * Prompts could say such a word only by the same letters that nobody sees.
 *
 * @throws Failure `word-unseen`
 */
export function checkSeenLetters(what: string, text: string): void {
  const odd = oddLetter(text);
  if (odd === null) return;
  throw new Failure(
    'word-unseen',
    `${what} ${oddLetterText(odd)}.`,
    'Type it anew, of plain letters and digits, such as mywolf.',
  );
}

/** @throws Failure `zero-snr-noise` of a model that predicts noise: of pure noise that would teach it nothing */
export function checkZeroSnr(settings: Parameters<typeof hasZeroSnr>[0], prediction: PredictionType): void {
  if (!hasZeroSnr(settings) || prediction === 'v_prediction') return;
  throw new Failure(
    'zero-snr-noise',
    'This base predicts noise, so it cannot be trained with a zero terminal SNR: where all is noise there would be nothing to learn.',
    'Train without it, or start from a base that predicts v, such as Stable Diffusion 2.1.',
  );
}
