/** A text and the place of the cursor in it. */
export interface Edited {
  readonly text: string;
  readonly cursor: number;
}

/** Puts `${field}` in place of what is selected, apart from a word before it. */
export function insertField(
  text: string,
  { start, end }: { readonly start: number; readonly end: number },
  field: string,
): Edited {
  const before = text.slice(0, start);
  const inserted = `${/[\p{L}\p{N},}]$/u.test(before) ? ' ' : ''}\${${field}}`;
  return { text: before + inserted + text.slice(end), cursor: start + inserted.length };
}

/** Fields that a template names, each once. */
export function fieldsIn(template: string): readonly string[] {
  return [...new Set([...template.matchAll(/\$\{([^{}$]+)\}/g)].map(([, field]) => field!.trim()))];
}
