import type { ParsedInputOf } from '../../contract/api.ts';
import { tagsOf } from './tag-variants.ts';

export type TagEdit = ParsedInputOf<'captions.editTag'>['edit'];

/** How many captions have each tag, most first; of equally frequent ones, by name. */
export function countTags(captions: Iterable<string>): { tag: string; images: number }[] {
  const counts = new Map<string, number>();
  for (const caption of captions) {
    for (const tag of new Set(tagsOf(caption))) counts.set(tag, (counts.get(tag) ?? 0) + 1);
  }
  return [...counts]
    .map(([tag, images]) => ({ tag, images }))
    .sort((a, b) => b.images - a.images || (a.tag < b.tag ? -1 : 1));
}

/**
 * A caption after a tag was added (nothing where it has it), removed or renamed (once, where it then has it twice); the
 * same text where that changes nothing.
 */
export function editTag(caption: string, edit: TagEdit): string {
  const tags = tagsOf(caption);
  const tag = edit.tag.trim();
  switch (edit.kind) {
    case 'add': {
      if (tags.includes(tag) || tag === '') return caption;
      return (edit.at === 'front' ? [tag, ...tags] : [...tags, tag]).join(', ');
    }
    case 'remove':
      return tags.includes(tag) ? tags.filter((other) => other !== tag).join(', ') : caption;
    case 'rename':
      return tags.includes(tag)
        ? [...new Set(tags.map((other) => (other === tag ? edit.to.trim() : other)))].join(', ')
        : caption;
  }
}
