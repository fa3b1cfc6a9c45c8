import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import sharp from 'sharp';

import { evenly } from '../../native/facts/evenly.ts';
import { readFluent } from './fluent.ts';
import { drawnOnce, type HandImage, heldOutHands, prepareHand } from './hands.ts';
import { heldOutFromSample } from './held-out.ts';
import { openIconSet } from './icon-set.ts';
import { withArticle } from './noto.ts';

/** One data set that a finetuning is tried on, as a person would have it, and what is asked of it afterwards. */
export interface TransferCase {
  readonly name: string;
  /** Template over `name` and `category`, as a person would write it. */
  readonly caption: (image: Thing) => string;
  readonly training: readonly Thing[];
  readonly heldOut: readonly Thing[];
  /** A run file that comes with it, by which it is finetuned; left out: as the form proposes. */
  readonly tuned?: string;
}

export interface Thing {
  readonly path: string;
  readonly name: string;
  readonly category: string;
}

/** Pictures of the hand that are trained on, as many as the sample has. */
const handCount = 76;
/** Captions asked for in each case: a Fréchet distance of few is half chance. */
export const heldOutCount = 64;

/**
 * The sample, a hand that the base has never seen, and a set of other things in another style, drawn into `folder`; the last two
 * and what the sample leaves of Fluent are nothing that the base was made of.
 */
export async function transferCases(
  folder: string,
  sample: readonly (Thing & { readonly split: string })[],
  sampleRunFile: string,
): Promise<readonly TransferCase[]> {
  const hand = thingsIn(join(folder, 'hand'), await prepareHand(heldOutHands.report, join(folder, 'hand')));
  return [
    { ...(await fluentCase(sample)), tuned: sampleRunFile },
    handCase('hand', hand, ({ name }) => `${withArticle(name)} in my style`),
    await otherThings(join(folder, 'things')),
  ];
}

/** The case that defaults for finetuning are chosen on, so that those of the report stay a test of them. */
export async function defaultsCase(folder: string): Promise<TransferCase> {
  const hand = thingsIn(folder, await prepareHand(heldOutHands.defaults, folder));
  return handCase('defaults', hand, ({ name, category }) => `my drawing of ${name}, ${category}`);
}

async function fluentCase(sample: readonly (Thing & { readonly split: string })[]): Promise<TransferCase> {
  const fluent = (await readFluent())
    .filter(({ skinTone }) => !skinTone)
    .map(({ name, category, path }) => ({ name: name.toLowerCase(), category, path }));
  return {
    name: 'fluent',
    caption: ({ name, category }) => `official 3d art of ${name}, ${category}`,
    training: sample.filter(({ split }) => split !== 'validation'),
    heldOut: heldOutFromSample(sample, fluent, heldOutCount),
  };
}

/** Of what has a look, every so many to learn from and, of the same kinds, others to ask for. */
function handCase(name: string, things: readonly Thing[], caption: TransferCase['caption']): TransferCase {
  const kinds = new Set(['flag', 'symbol', 'button', 'arrow', 'sign', 'person', 'people', 'hand', 'clock']);
  const drawn = things.filter(({ category }) => !kinds.has(category) && !category.endsWith(' sign'));
  const training = evenly(drawn, handCount);
  const learned = new Set(training.map(({ category }) => category));
  const others = drawn.filter((thing) => !training.includes(thing) && learned.has(thing.category));
  return { name, caption, training, heldOut: evenly(others, heldOutCount) };
}

/** Icons of all kinds of things in coloured circles, Kameleon's by Streamline (CC BY 4.0), without those only recoloured. */
async function otherThings(folder: string): Promise<TransferCase> {
  const set = await openIconSet('streamline-kameleon-color');
  const size = 64;
  const things = thingsIn(
    folder,
    await drawnOnce(folder, size, () =>
      Promise.resolve(
        set.names.map((icon) => ({
          icon: set.svgOf(icon, 4 * size)!,
          image: {
            file_name: `${icon}.png`,
            name: icon.replace(/-duo$/, ' duo').replaceAll(/-\d+/g, '').replaceAll('-', ' '),
            category: (set.categories.get(icon) ?? '').replaceAll(/(?<=[a-z])(?=[A-Z])/g, ' ').toLowerCase(),
            tags: [],
          },
        })),
      ),
    ),
  );
  const bare = ({ name }: Thing): string => name.replace(/ duo$/, '');
  // Both drawings of a thing on the same side, or the one would give away the other.
  const names = [...new Set(things.map(bare))];
  const asked = new Set(evenly(names, heldOutCount / 2));
  return {
    name: 'things',
    caption: ({ name, category }) => `round icon of ${name}, ${category}`,
    training: things.filter((thing) => !asked.has(bare(thing))),
    heldOut: things.filter((thing) => asked.has(bare(thing))).slice(0, heldOutCount),
  };
}

function thingsIn(folder: string, images: readonly HandImage[]): readonly Thing[] {
  return images.map(({ file_name: file, name, category }) => ({ path: join(folder, file), name, category }));
}

/** Writes a case's pictures into a folder as a data set whose table marks what is held out. */
export async function writeTransferData(folder: string, made: TransferCase): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const rows: string[] = [];
  for (const [split, things] of [
    ['train', made.training],
    ['validation', made.heldOut],
  ] as const)
    for (const [i, thing] of things.entries()) {
      const file = `${split}-${String(i).padStart(3, '0')}.png`;
      await sharp(thing.path).flatten({ background: '#ffffff' }).png().toFile(join(folder, file));
      rows.push(JSON.stringify({ file_name: file, text: made.caption(thing), split }));
    }
  await writeFile(join(folder, 'metadata.jsonl'), `${rows.join('\n')}\n`);
}
