/** How CLIP cuts text into words and writes a word's bytes as characters, before any merging. */

/**
 * One printable character per byte: printable Latin-1 stands for itself, the other bytes for characters from U+0100
 * on (GPT-2's byte-level alphabet).
 */
const byteSymbols: readonly string[] = (() => {
  const isPrintable = (byte: number): boolean =>
    (byte > 0x20 && byte < 0x7f) || (byte > 0xa0 && byte !== 0xad);
  let next = 0x100;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(isPrintable(byte) ? byte : next++));
})();

/** The same symbols in the order in which CLIP's vocabulary lists them: those that stand for themselves first. */
export const symbolsInVocabularyOrder: readonly string[] = [...byteSymbols].sort((a, b) => (a < b ? -1 : 1));

export const endOfWord = '</w>';

const literals = /^<\|(?:startoftext|endoftext)\|>$/;
const words =
  /<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|\p{L}+|\p{N}|[^\p{White_Space}\p{L}\p{N}]+/gu;

/**
 * NFC, white space to single spaces, lower case. A capital sigma becomes σ at a word's end too: the tokenizers
 * library lowers one character at a time, JavaScript looks around it.
 */
export function normalizeText(text: string): string {
  return composed(text.toWellFormed())
    .replaceAll(/\p{White_Space}+/gu, ' ')
    .replaceAll('Σ', 'σ')
    .toLowerCase();
}

/**
 * NFC. It takes time by the square of a run of combining marks, so that a text made for it would hold everything up: where there
 * is a run as no script has one, the text is composed piece by piece, and marks are not put in order across two of them.
 */
function composed(text: string): string {
  if (!/\p{M}{256}/u.test(text)) return text.normalize('NFC');
  return text.replaceAll(/[^]{1,512}/gu, (piece) => piece.normalize('NFC'));
}

/** The words of a normalized text. White space separates and is dropped. */
export function splitWords(normalized: string): readonly string[] {
  return [...normalized.matchAll(words)].flatMap(([word]) =>
    // Reached only where a special token's name is not taken as the token: then it is cut like any other text.
    literals.test(word) ? ['<|', word.slice(2, -2), '|>'] : [word],
  );
}

const encoder = new TextEncoder();

/** A word as the symbols of its UTF-8 bytes, the last marked as the word's end. */
export function wordSymbols(word: string): string[] {
  const bytes = encoder.encode(word);
  return Array.from(bytes, (byte, i) => byteSymbols[byte]! + (i === bytes.length - 1 ? endOfWord : ''));
}
