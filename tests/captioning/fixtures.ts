import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What tests/reference/tagger.py and captioners.py made. */
export const captioningFixtures = fileURLToPath(new URL('../reference/fixtures/captioning', import.meta.url));
export const tinyTagger = join(captioningFixtures, 'tagger');
