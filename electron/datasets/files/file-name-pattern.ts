import { Failure } from '../../../native/failure.ts';

/** Takes a file name without folder and extension; null where it does not fit the pattern. */
export type FileNamePattern = (stem: string) => Readonly<Record<string, string>> | null;

/** More than a file name has room for; each of them costs time for every image. */
const mostFields = 64;

/**
 * Compiles `{name}_{type}`: every `{field}` stands for at least one character, the rest stands for itself. A field takes
 * as little as it can, the last one the rest.
 * @throws Failure `file-name-pattern`: no field, a field twice, or two with nothing between them
 */
export function compileFileNamePattern(pattern: string): FileNamePattern {
  const parts = pattern.normalize('NFC').split(/\{([\p{L}\p{N}_]+)\}/u);
  const fields = parts.filter((_, index) => index % 2 === 1);
  const literals = parts.filter((_, index) => index % 2 === 0);
  const refuse = (reason: string) =>
    new Failure(
      'file-name-pattern',
      `'${pattern}' cannot be used as a file name pattern: ${reason}`,
      'Write the parts to keep in braces with something between them, as in {name}_{type} for fox_animal.png.',
    );
  if (fields.length > mostFields) throw refuse(`it has more than ${mostFields} fields`);
  if (fields.length === 0) throw refuse('it has no {field}');
  if (new Set(fields).size < fields.length) throw refuse('a field is in it twice');
  if (literals.slice(1, -1).includes('')) throw refuse('two fields stand side by side');
  if (literals.some((literal) => /[{}]/.test(literal))) throw refuse('a brace has no partner');

  const first = literals[0]!;
  const last = literals.at(-1)!;
  const between = literals.slice(1, -1);
  return (stem) => {
    const name = stem.normalize('NFC');
    if (!name.startsWith(first) || !name.endsWith(last)) return null;
    const values: string[] = [];
    let start = first.length;
    const end = name.length - last.length;
    // The first place each text is found at leaves most to those behind it, so there is never a reason to go back.
    for (const literal of between) {
      const at = name.indexOf(literal, start + characterLength(name, start));
      if (at === -1) return null;
      values.push(name.slice(start, at));
      start = at + literal.length;
    }
    if (start >= end) return null;
    values.push(name.slice(start, end));
    return Object.fromEntries(fields.map((field, at) => [field, values[at]!]));
  };
}

/** Of the character that begins there, in UTF-16: no field ends within one. */
function characterLength(text: string, at: number): number {
  return (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
}
