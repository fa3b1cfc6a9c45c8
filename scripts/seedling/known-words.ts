import { writeFile } from 'node:fs/promises';

import { readEmoji } from './emoji-names.ts';

/**
 * Writes the words that captions of the small base model's pictures were made of, a line each, for plans to say which
 * words it was never taught.
 *
 *     node scripts/seedling/known-words.ts
 */
const file = new URL('../../resources/seedling/words.txt', import.meta.url);

const framing =
  'red orange yellow green blue light purple pink brown gray black white official art of picture flat glossy emoji drawing the and with ' +
  'icon style noto blob twemoji emojione fluent outlines outlined comic pale pastel pixel pixels watercolor soft painting circle round ' +
  'background card';
const said = readEmoji()
  .filter(({ skinTone }) => !skinTone)
  .flatMap(({ name, category, tags }) => [name, category, ...tags.slice(0, 3)]);
const words = [framing, ...said].flatMap((text) => text.toLowerCase().match(/\p{L}{3,}/gu) ?? []);
await writeFile(file, `${[...new Set(words)].sort().join('\n')}\n`);
