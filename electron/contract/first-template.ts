/**
 * A template to begin with: what describes an image already, or else its name and the fields that most images have, their
 * folder's name only where there is no other. Empty where they have none, for words alone name nothing.
 */
export function firstTemplate(fields: readonly { readonly name: string; readonly images: number }[]): string {
  const possible = fields.filter(({ name }) => canBeInTemplate(name));
  const written = possible.find(({ name }) => /^(text|captions?|description|prompt)$/i.test(name));
  if (written !== undefined) return `\${${written.name}}`;
  const named = possible.filter(({ name }) => !/^(id|file_name|file|path|split|url|source)$/i.test(name));
  const others = named.filter(({ name }) => name !== 'folder');
  const said = others.length > 0 ? others : named;
  // What an image is called comes before what kind of thing that is.
  const isName = ({ name }: { readonly name: string }) => Number(/^(name|label|title|subject)$/i.test(name));
  const most = said.toSorted((a, b) => isName(b) - isName(a) || b.images - a.images).slice(0, 2);
  if (most.length === 0) return '';
  return `a picture of ${most.map(({ name }) => `\${${name}}`).join(', ')}`;
}

/** Braces and `$` end a field of a template, spaces around its name are none of it, and signs that are not shown cannot be copied. */
function canBeInTemplate(name: string): boolean {
  return name === name.trim() && /^[^{}$\p{Cc}\p{Bidi_Control}\u2028\u2029]+$/u.test(name);
}
