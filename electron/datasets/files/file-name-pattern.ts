import { Failure } from '../../../native/failure.ts';

/** Takes a file name without folder and extension; null where it does not fit the pattern. */
export type FileNamePattern = (stem: string) => Readonly<Record<string, string>> | null;

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
  if (fields.length === 0) throw refuse('it has no {field}');
  if (new Set(fields).size < fields.length) throw refuse('a field is in it twice');
  if (literals.slice(1, -1).includes('')) throw refuse('two fields stand side by side');
  if (literals.some((literal) => /[{}]/.test(literal))) throw refuse('a brace has no partner');

  const expression = parts
    .map((part, index) =>
      index % 2 === 0
        ? part.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')
        : index < parts.length - 2
          ? '(.+?)'
          : '(.+)',
    )
    .join('');
  const regex = new RegExp(`^${expression}$`, 'su');
  return (stem) => {
    const match = regex.exec(stem.normalize('NFC'));
    return match === null ? null : Object.fromEntries(fields.map((field, at) => [field, match[at + 1]!]));
  };
}
