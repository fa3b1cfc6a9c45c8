/** A letter of a text that nobody sees, or that programs write in more than one way. */
export interface OddLetter {
  /** As `U+200B`. */
  readonly codePoint: string;
  readonly kind: 'unseen' | 'emoji';
  /** What it is called. */
  readonly name: string;
}

const unseen = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u;
const emoji = /[\p{Extended_Pictographic}\p{Emoji_Modifier}\p{Regional_Indicator}\u20e3]/u;

const names: Readonly<Partial<Record<number, string>>> = {
  0xad: 'a soft hyphen',
  0x200b: 'a zero width space',
  0x200c: 'a zero width non-joiner',
  0x200d: 'a zero width joiner',
  0x2060: 'a word joiner',
  0xfeff: 'a byte order mark',
};

function nameOf(letter: string, code: number): string {
  if (/\p{Cc}/u.test(letter)) return 'a control character';
  if (/\p{Variation_Selector}/u.test(letter)) return 'a variation selector';
  return names[code] ?? 'a letter that nobody sees';
}

/**
 * The first letter of a text by which two texts that look the same are not: one that nobody sees, or an emoji, of which tokenizers and
 * keyboards have several spellings. Null where every letter is plain to see.
 */
export function oddLetter(text: string): OddLetter | null {
  for (const letter of text) {
    const code = letter.codePointAt(0)!;
    const codePoint = `U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
    if (unseen.test(letter)) return { codePoint, kind: 'unseen', name: nameOf(letter, code) };
    if (emoji.test(letter)) return { codePoint, kind: 'emoji', name: 'an emoji' };
  }
  return null;
}

/** In a sentence about the text that has it: `has U+200B in it, a zero width space, which nobody sees`. */
export function oddLetterText({ codePoint, kind, name }: OddLetter): string {
  const why = kind === 'emoji' ? 'which is written in more than one way' : 'which nobody sees';
  return `has ${codePoint} in it, ${name}${name.includes('nobody sees') ? '' : `, ${why}`}`;
}
