/**
 * Captions in words that nobody foresaw, each beside one the text encoder knows that means the same: so that it learns what to pass
 * over. A base that was taught a few phrasings takes `my drawing of a fox` for none of them, and its pictures fall apart.
 */

export interface Phrasing {
  readonly said: string;
  readonly means: string;
  /** Tokens of the prefix in `means`. */
  readonly prefix: number;
  /** How many tokens longer the prefix in `said` is. */
  readonly longer: number;
}

/** Uniform numbers in [0, 1). */
export type Draw = () => number;

export interface PhrasingWords {
  /** What captions are about, as the text encoder was taught it: `fox`, `a fox`, `fox, animal`, `a red fox`. */
  readonly things: readonly string[];
  /** Prefixes that it was taught, which change nothing: `a picture of`. */
  readonly knownPrefixes: readonly string[];
  readonly tokensIn: (text: string) => number;
  /** Words that are part of things are none to pass over. */
  readonly fillers: readonly string[];
}

/** A caption holds few tokens: with a longer prefix nothing would be left of it. */
const mostLonger = 6;

/**
 * The states [tokens, width] that are wanted of what is said, of those of what is meant: where its prefix is longer, the last state
 * of the known one is repeated, and what follows comes later.
 */
export function stretched(
  states: Float32Array,
  width: number,
  { prefix, longer }: Pick<Phrasing, 'prefix' | 'longer'>,
): Float32Array {
  const wanted = states.slice();
  const tokens = states.length / width;
  // The first state is that of the start of the text.
  for (let at = prefix + 1; at < tokens; at++) {
    const from = at <= prefix + longer ? prefix : at - longer;
    wanted.set(states.subarray(from * width, (from + 1) * width), at * width);
  }
  return wanted;
}

/** Words in which people say how something is drawn. */
export const fillerWords: readonly string[] = [
  'my your our his her this that own style styled drawing drawn illustration photo painting painted sketch cartoon cute small tiny big',
  'large huge by artist made with for icon sticker logo sprite render rendered minimal vector pencil ink comic anime manga clay felt',
  'lowpoly retro vintage modern simple detailed beautiful nice funny strange dark bright light colorful old new kids childrens print',
  'poster tattoo design image portrait clipart artwork scene view closeup front side isolated plain background outline outlined lines',
  'hand crayon chalk charcoal oil acrylic digital traditional folk abstract geometric rounded fluffy shiny matte plastic paper',
  'embroidered woven mosaic stained engraved etched medieval baroque gothic nordic japanese mexican egyptian aztec codex fantasy',
  'sks zwx ohwx xyz style1 test sample dataset official character creature concept game asset collection series number best quality',
]
  .join(' ')
  .split(' ');

/** Prefixes by how many tokens they have: words that follow then stand where they are known to stand. */
export function prefixesByLength({
  knownPrefixes,
  tokensIn,
}: Pick<PhrasingWords, 'knownPrefixes' | 'tokensIn'>): ReadonlyMap<number, readonly string[]> {
  return Map.groupBy(knownPrefixes, tokensIn);
}

/** One phrasing after another, without end; `known` of each hundred are said just as they are meant. */
export function* phrasings(words: PhrasingWords, draw: Draw, known = 20): Generator<Phrasing, never> {
  const byLength = prefixesByLength(words);
  const oneOf = <T>(list: readonly T[]): T => list[Math.floor(draw() * list.length)]!;
  const parts = new Set(words.things.flatMap((thing) => thing.split(/[\s,:-]+/)));
  const fillers = words.fillers.filter((word) => !parts.has(word));
  // A made-up word stands for all those that no list has.
  const filler = (): string => (draw() < 0.25 ? madeUpWord(draw) : oneOf(fillers));
  const several = (most: number): string =>
    Array.from({ length: 1 + Math.floor(draw() * most) }, filler).join(' ');
  const before = (): string =>
    oneOf([
      () => `${several(2)} of`,
      () => `${several(2)} of a`,
      () => `a ${several(2)} of a`,
      () => `a ${filler()}`,
      () => several(3),
      () => `${filler()} ${oneOf(['icon', 'drawing', 'picture', 'art'])} of`,
    ])();
  const after = (): string =>
    oneOf([
      () => ` in ${several(1)} style`,
      () => ` in the style of ${several(2)}`,
      () => `, ${several(2)}`,
      () => `, ${filler()}, ${filler()}`,
      () => ` by ${several(2)}`,
      () => ` ${filler()}`,
      () => ` with ${several(2)}`,
    ])();
  for (;;) {
    const thing = oneOf(words.things);
    const prefix = draw() < 0.65 ? before() : '';
    const suffix = prefix === '' || draw() < 0.35 ? after() : '';
    if (draw() * 100 < known) {
      const same = `${oneOf(words.knownPrefixes)} ${thing}`.trim();
      yield { said: same, means: same, prefix: 0, longer: 0 };
      continue;
    }
    const length = words.tokensIn(prefix);
    const [nearest, alike] = [...byLength].reduce((best, one) =>
      one[0] <= length && one[0] > best[0] ? one : best,
    );
    if (nearest > length || length - nearest > mostLonger) continue;
    yield {
      said: `${prefix} ${thing}${suffix}`.trim(),
      means: `${oneOf(alike)} ${thing}`.trim(),
      prefix: nearest,
      longer: length - nearest,
    };
  }
}

function madeUpWord(draw: Draw): string {
  const pick = (letters: string): string => letters[Math.floor(draw() * letters.length)]!;
  const syllables = 1 + Math.floor(draw() * 3);
  return Array.from(
    { length: syllables },
    () => pick('bcdfghjklmnprstvwxz') + pick('aeiou') + (draw() < 0.4 ? pick('lnrstxk') : ''),
  ).join('');
}
