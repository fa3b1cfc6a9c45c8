/**
 * Names of files and texts of files may hold anything, and a terminal obeys what it is sent: sequences that move its
 * cursor, rename its window or write over other lines, and signs that turn the direction of writing around.
 */
const unprintable = /[\p{Cc}\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;

/** A text as it can be printed: what is no sign is written as JSON would. Lines stay lines. */
export function printable(text: string): string {
  return text.replace(unprintable, (sign) => (sign === '\t' || sign === '\n' ? sign : escaped(sign)));
}

/**
 * As `printable`, for a text that is one line. What was meant to go on in a further line is indented there, which is how
 * failures list things; any other line break is part of a name and could pass for a line of Screenfold's own.
 */
export function printableLine(text: string): string {
  return printable(text).replace(/\n(?! {2}|$)/g, escaped('\n'));
}

/** JSON that no terminal obeys either: the same value to whoever parses it. */
export function printableJson(value: unknown): string {
  return JSON.stringify(value).replace(unprintable, escaped);
}

function escaped(sign: string): string {
  if (sign === '\n') return '\\n';
  if (sign === '\r') return '\\r';
  return `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
