import { firstTemplate } from '../contract/first-template.ts';
import { countText } from '../contract/quantities.ts';
import type { DatasetImage } from '../datasets/dataset-image.ts';

/** What every image has: how its file and its folder are called. */
const ofEveryImage: readonly string[] = ['file', 'folder'];

/** More columns than this are counted, not named. */
const mostNamed = 10;

/**
 * Of images none of which came with a caption, and whose metadata would give some: its columns, and the flag that makes
 * captions of them. Null where there are no such columns, or their names can be in no template.
 */
export function columnsForCaptions(images: readonly Pick<DatasetImage, 'metadata'>[]): string | null {
  const counts = new Map<string, number>();
  for (const name of images.flatMap(({ metadata }) => Object.keys(metadata))) {
    if (!ofEveryImage.includes(name)) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const columns = [...counts].map(([name, having]) => ({ name, images: having }));
  const template = firstTemplate(columns);
  if (template === '') return null;
  const named = columns.slice(0, mostNamed).map(({ name }) => name);
  const more = columns.length - named.length;
  const names = new Intl.ListFormat('en-GB').format(
    more === 0 ? named : [...named, `${countText(more)} more`],
  );
  return [
    `None of the ${countText(images.length)} images has a caption, so all are trained without words.`,
    `Their metadata has ${columns.length === 1 ? 'a column' : 'columns'} ${names}:`,
    `--caption-template ${quoted(template)} makes captions of ${columns.length === 1 ? 'it' : 'them'}.`,
  ].join(' ');
}

/** As a shell takes it without filling in its own variables. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
