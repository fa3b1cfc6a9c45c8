/** A part of a prompt and how strongly it is meant; or the end of a chunk. */
export type PromptPart = { readonly text: string; readonly weight: number } | 'break';

/** As A1111 cuts a prompt: escapes, brackets, `:1.2)`, and what stands between. */
const pieces = /\\\(|\\\)|\\\[|\\\]|\\\\|\\|\(|\[|:\s*(?<weight>[+-]?[.\d]+)\s*\)|\)|\]|[^\\()[\]:]+|:/g;
const breaks = /\s*\bBREAK\b\s*/;

const roundFactor = 1.1;
const squareFactor = 1 / 1.1;

/** Beyond it a prompt says nothing any more, and far beyond it numbers run out of float32 and float16. */
const mostWeight = 10;

const bounded = (weight: number): number => Math.min(mostWeight, Math.max(-mostWeight, weight));

/**
 * Reads attention weights as AUTOMATIC1111's web UI 1.10 does (`prompt_parser.parse_prompt_attention`): `(word)` is 1.1 times as strong,
 * `(word:1.2)` 1.2 times, `[word]` 1 / 1.1 times; brackets within brackets multiply, and one that is not closed reaches to the end.
 * `\(`, `\)`, `\[`, `\]` and `\\` stand for the character itself. `BREAK` ends a chunk of tokens; A1111 takes it for a word where it
 * stands in brackets, here it ends the chunk there, too. A prompt without any of these is one part of weight 1, just as it was
 * written. Weights end at 10 and -10.
 */
export function promptParts(prompt: string): readonly PromptPart[] {
  const found: { text: string; weight: number; isBreak: boolean }[] = [];
  const open = { round: [] as number[], square: [] as number[] };
  const add = (text: string): void => {
    found.push({ text, weight: 1, isBreak: false });
  };
  const multiply = (begin: number | undefined, factor: number): void => {
    for (const part of found.slice(begin)) part.weight = bounded(part.weight * bounded(factor));
  };
  for (const { 0: piece, groups } of prompt.matchAll(pieces)) {
    const weight = Number(groups?.weight ?? Number.NaN);
    if (piece.startsWith('\\')) add(piece.slice(1));
    else if (piece === '(') open.round.push(found.length);
    else if (piece === '[') open.square.push(found.length);
    else if (!Number.isNaN(weight) && open.round.length > 0) multiply(open.round.pop(), weight);
    else if (piece === ')' && open.round.length > 0) multiply(open.round.pop(), roundFactor);
    else if (piece === ']' && open.square.length > 0) multiply(open.square.pop(), squareFactor);
    else {
      for (const [i, text] of piece.split(breaks).entries()) {
        if (i > 0) found.push({ text: '', weight: 1, isBreak: true });
        add(text);
      }
    }
  }
  for (const begin of open.round) multiply(begin, roundFactor);
  for (const begin of open.square) multiply(begin, squareFactor);
  return merged(found);
}

/** Whether a prompt weighs anything. */
export function hasWeights(prompt: string): boolean {
  return promptParts(prompt).some((part) => part !== 'break' && part.weight !== 1);
}

/** Neighbours of one weight are one text, or words would be cut where an escape stands. */
function merged(
  found: readonly { readonly text: string; readonly weight: number; readonly isBreak: boolean }[],
): readonly PromptPart[] {
  const parts: PromptPart[] = [];
  for (const { text, weight, isBreak } of found) {
    const last = parts.at(-1);
    if (isBreak) parts.push('break');
    else if (typeof last === 'object' && last.weight === weight)
      parts.splice(-1, 1, { text: last.text + text, weight });
    else parts.push({ text, weight });
  }
  return parts.length === 0 ? [{ text: '', weight: 1 }] : parts;
}
