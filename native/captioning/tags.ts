import { parse } from 'csv-parse/sync';

import type { CaptioningOptions } from '../facts/captioning.ts';
import { Failure, messageOf } from '../failure.ts';
import { readTextFile } from '../files/json-file.ts';

/** One of the things a tagger knows, in the order of its output. */
export interface Tag {
  readonly name: string;
  readonly kind: 'general' | 'character' | 'other';
}

/** Danbooru's numbers of categories; 9 is the tagger's own, for ratings. */
const kinds: Partial<Record<string, Tag['kind']>> = { '0': 'general', '4': 'character' };

/** Faces written with an underscore, which is no space between words. */
const faces: ReadonlySet<string> = new Set(
  '0_0 (o)_(o) +_+ +_- ._. <o>_<o> <|>_<|> =_= >_< 3_3 6_9 >_o @_@ ^_^ o_o u_u x_x |_| ||_||'.split(' '),
);

/**
 * Reads `selected_tags.csv`, whose columns `name` and `category` tell what each number of a tagger's output stands for.
 * @throws Failure `captioner-tags`, `file-unreadable`
 */
export async function readTags(path: string): Promise<readonly Tag[]> {
  const text = await readTextFile(path);
  if (text === null) throw refused(path, 'it is not there');
  let rows: readonly Record<string, string>[];
  try {
    rows = parse(text, { columns: true, skip_empty_lines: true });
  } catch (error) {
    throw refused(path, messageOf(error), error);
  }
  if (rows.length === 0) throw refused(path, 'it names no tag');
  return rows.map(({ name, category }, at) => {
    if (name === undefined || category === undefined) {
      throw refused(path, `row ${at + 1} has no name or no category`);
    }
    return { name, kind: kinds[category] ?? 'other' };
  });
}

function refused(path: string, reason: string, cause?: unknown): Failure {
  return new Failure(
    'captioner-tags',
    `The tags of this tagger cannot be read from ${path}: ${reason}.`,
    'Get selected_tags.csv again from where the model came from.',
    cause,
  );
}

/** How a tag is written in a caption. */
export function writtenTag(name: string, underscores: boolean): string {
  return underscores || faces.has(name) ? name : name.replaceAll('_', ' ');
}

/**
 * The caption that a tagger's probabilities give: the trigger, then characters, then what else is seen, each the surest
 * first. Ratings are left out.
 */
export function captionOfTags(
  tags: readonly Tag[],
  probabilities: ArrayLike<number>,
  options: CaptioningOptions,
): string {
  const { trigger, underscores, charactersFirst } = options;
  const left = new Set([trigger, ...options.exclude].map(keyOf));
  const seen = (kind: Tag['kind'], threshold: number): readonly string[] =>
    tags
      .map(({ name, kind: its }, at) => ({ name, its, probability: probabilities[at]! }))
      .filter(
        ({ its, name, probability }) => its === kind && probability > threshold && !left.has(keyOf(name)),
      )
      .sort((a, b) => b.probability - a.probability)
      .map(({ name }) => writtenTag(name, underscores));
  const characters = seen('character', options.characterThreshold);
  const general = seen('general', options.generalThreshold);
  const found = charactersFirst ? [...characters, ...general] : [...general, ...characters];
  return [...(trigger.trim() === '' ? [] : [trigger.trim()]), ...found].join(', ');
}

/** Tags are the same in either spelling. */
function keyOf(tag: string): string {
  return tag.trim().toLowerCase().replaceAll('_', ' ');
}
