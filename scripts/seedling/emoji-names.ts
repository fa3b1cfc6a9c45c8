import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

export interface Emoji {
  /** Code points in lower-case hexadecimal, joined by `-`, without the variation selector FE0F. */
  readonly code: string;
  /** Unicode's English name: `red apple`. */
  readonly name: string;
  /** One word for its kind: `fruit`. */
  readonly category: string;
  readonly tags: readonly string[];
  readonly skinTone: boolean;
}

interface EmojibaseEntry {
  readonly hexcode: string;
  readonly label: string;
  readonly tags?: readonly string[];
  readonly subgroup?: number;
  readonly skins?: readonly EmojibaseEntry[];
}

/** Emojibase's subgroups, in its order, each in the one word a caption says. */
const categories = [
  ...['face', 'face', 'face', 'face', 'face', 'face', 'face', 'face', 'face', 'face', 'face', 'creature'],
  ...['cat face', 'monkey face', 'heart', 'emotion', 'hand', 'hand', 'hand', 'hand', 'hands', 'hand'],
  ...['body part', 'person', 'person', 'person', 'person', 'person', 'person', 'person', 'people', 'people'],
  ...[
    'color',
    'hair',
    'animal',
    'bird',
    'animal',
    'reptile',
    'sea animal',
    'bug',
    'flower',
    'plant',
    'fruit',
  ],
  ...['vegetable', 'food', 'food', 'dessert', 'drink', 'dishes', 'globe', 'place', 'building', 'building'],
  ...['place', 'vehicle', 'boat', 'aircraft', 'hotel', 'clock', 'sky', 'holiday', 'medal', 'sport', 'game'],
  ...['art', 'clothing', 'sound', 'music', 'musical instrument', 'phone', 'computer', 'light and film'],
  ...['book', 'money', 'mail', 'pen', 'office', 'lock and key', 'tool', 'science', 'medicine', 'household'],
  ...['object', 'sign', 'warning sign', 'arrow', 'religious symbol', 'zodiac sign', 'button', 'gender sign'],
  ...[
    'math symbol',
    'punctuation',
    'currency',
    'symbol',
    'keycap',
    'letters',
    'shape',
    'flag',
    'flag',
    'flag',
  ],
] as const;

/** Unicode's emoji with English names and tags, as emojibase-data 17 lists them; skin tones follow their base. */
export function readEmoji(): readonly Emoji[] {
  const entries = JSON.parse(
    readFileSync(require.resolve('emojibase-data/en/data.json'), 'utf8'),
  ) as readonly EmojibaseEntry[];
  return entries.flatMap((entry) => {
    const category = entry.subgroup === undefined ? undefined : categories[entry.subgroup];
    // Regional indicators have no group: letters that only make flags in pairs.
    if (category === undefined) return [];
    const tags = entry.tags ?? [];
    const toned = (entry.skins ?? []).map((skin) => ({
      code: plainCode(skin.hexcode),
      name: skin.label,
      category,
      tags,
      skinTone: true,
    }));
    return [{ code: plainCode(entry.hexcode), name: entry.label, category, tags, skinTone: false }, ...toned];
  });
}

/** File names and tables disagree on whether they write the variation selector; without it they meet. */
export function plainCode(code: string): string {
  return code.toLowerCase().replaceAll('-fe0f', '');
}
