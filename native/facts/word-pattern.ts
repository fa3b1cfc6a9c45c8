const boundary = String.raw`[\p{L}\p{N}_]`;

/**
 * Finds new words in a text: whatever their case, where no letter or digit stands beside them, of several the longest. The word found is
 * the first group.
 */
export function wordPattern(words: readonly string[]): RegExp {
  const longestFirst = words.toSorted((a, b) => b.length - a.length).map(escapeWord);
  return new RegExp(`(?<!${boundary})(${longestFirst.join('|')})(?!${boundary})`, 'giu');
}

export function escapeWord(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`);
}
